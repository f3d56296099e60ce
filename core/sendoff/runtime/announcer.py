"""Telling listeners what the journal has: after the record, in the order of each operation's history."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from typing import Any

from sendoff.model.operation import Record
from sendoff.policy.decision import Line
from sendoff.runtime.installation import Listening
from sendoff.runtime.underway import Underway

PROGRESS_EVERY = 1.0  # seconds

_Said = tuple[Record, Sequence[Line]]


class Announcer:
    """Tells at once, in the caller's thread."""

    def __init__(self, listeners: Listening) -> None:
        self.listeners = listeners

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self.listeners.describe())

    def expect(self, ids: Sequence[str]) -> None:
        """These are about to be stored: whatever becomes of them is told after that they were."""

    def release(self, id: str) -> None:
        """It was told that it is stored, or it was not stored."""

    def tell(self, record: Record, lines: Sequence[Line]) -> None:
        """What became of an operation."""
        for type_, data in lines:
            self._tell(record, type_, data)

    def close(self) -> None:
        """Everything handed over has been told when this returns."""

    def _tell(self, record: Record, type_: str, data: Any) -> None:
        tell = self.listeners.tell
        if type_ == "created":
            tell("sendoff_queued", operation=record)
        elif type_ == "attempt_started":
            tell("sendoff_attempt_started", operation=record, attempt=record.tally.attempts)
        elif type_ == "attempt_failed":
            retry_at = record.due if record.open else None
            tell("sendoff_attempt_failed", operation=record, attempt=record.tally.attempts, error=record.error, retry_at=retry_at)
        elif type_ in ("paused", "waiting"):
            tell("sendoff_paused", operation=record)
        elif type_ == "resumed":
            tell("sendoff_resumed", operation=record)
        elif type_ == "completed":
            tell("sendoff_completed", operation=record, receipt=record.receipt)
        elif type_ == "failed":
            tell("sendoff_attempt_failed", operation=record, attempt=record.tally.attempts, error=record.error, retry_at=None)
            tell("sendoff_failed", operation=record, error=record.error)
        elif type_ == "canceled":
            tell("sendoff_canceled", operation=record)
        elif type_ == "batch_completed":
            tell("sendoff_batch_completed", batch=record.batch, operations=data["operations"])


class AnnouncerThread(Announcer):
    """Tells from a thread of its own, so that a slow listener delays no upload; once a second also how far each try is."""

    def __init__(self, listeners: Listening, underway: Underway) -> None:
        super().__init__(listeners)
        self._underway = underway
        self._queue: SimpleQueue[_Said | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sendoff-announcer", daemon=True)
        self._expected: dict[str, list[_Said]] = {}
        self._lock = threading.Lock()
        self._started: dict[str, Record] = {}
        self._passed: dict[str, tuple[int, int, int]] = {}
        self._next = 0.0

    def start(self) -> None:
        """Begin; what was said so far is told first."""
        self._thread.start()

    def expect(self, ids: Sequence[str]) -> None:
        """As ``Announcer.expect``."""
        if self.heard:
            with self._lock:
                self._expected.update((id, []) for id in ids)

    def release(self, id: str) -> None:
        """As ``Announcer.release``."""
        with self._lock:
            for said in self._expected.pop(id, ()):
                self._queue.put(said)

    def tell(self, record: Record, lines: Sequence[Line]) -> None:
        """As ``Announcer.tell``; returns at once."""
        if not lines or not self.heard:
            return
        with self._lock:
            if record.id in self._expected and lines[0][0] != "created":
                self._expected[record.id].append((record, lines))
            else:
                self._queue.put((record, lines))

    def close(self, seconds: float = 5.0) -> None:
        """Everything handed over has been told when this returns, or so many seconds have passed."""
        self._queue.put(None)
        if self._thread.ident is not None:
            self._thread.join(max(seconds, 0.1))

    def _work(self) -> None:
        while (said := self._said()) is not None:
            record, lines = said
            if any(type_ == "attempt_started" for type_, _ in lines):
                self._started[record.id] = record
            super().tell(record, lines)

    def _said(self) -> _Said | None:
        """The next that was said; while a try runs that was told of, how far it is comes between."""
        while True:
            if self._started and time.monotonic() >= self._next:
                self._tell_progress()
            try:
                return self._queue.get(timeout=max(self._next - time.monotonic(), 0.0) if self._started else None)
            except Empty:
                continue

    def _tell_progress(self) -> None:
        """At most once a second and operation, and only where bytes have moved."""
        live = {one.operation: one for one in self._underway.all().values()}
        self._started = {id: record for id, record in self._started.items() if id in live}
        self._passed = {id: self._passed.get(id, (0, 0, 0)) for id in self._started}
        for id, record in self._started.items():
            passed = (live[id].bytes_sent, live[id].bytes_confirmed, live[id].bytes_received)
            if passed != self._passed[id]:
                self._passed[id] = passed
                self.listeners.tell("sendoff_progressed", operation=record, progress=live[id])
        self._next = time.monotonic() + PROGRESS_EVERY
