"""Telling listeners what the journal has: after the record, in the order of each operation's history."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

from sendoff.model.operation import Record
from sendoff.policy.decision import Line
from sendoff.runtime.installation import Listening

_Said = tuple[Record, Sequence[Line]]


class Announcer:
    """Tells at once, in the caller's thread."""

    def __init__(self, listeners: Listening) -> None:
        self.listeners = listeners

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self.listeners.describe())

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
    """Tells from a thread of its own, so that a slow listener delays no upload."""

    def __init__(self, listeners: Listening) -> None:
        super().__init__(listeners)
        self._queue: SimpleQueue[_Said | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sendoff-announcer", daemon=True)
        self._thread.start()

    def tell(self, record: Record, lines: Sequence[Line]) -> None:
        """As ``Announcer.tell``; returns at once."""
        if lines and self.heard:
            self._queue.put((record, lines))

    def close(self) -> None:
        """Everything handed over has been told when this returns, or five seconds have passed."""
        self._queue.put(None)
        self._thread.join(5.0)

    def _work(self) -> None:
        while (said := self._queue.get()) is not None:
            super().tell(*said)
