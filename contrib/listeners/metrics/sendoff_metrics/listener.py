"""Counts what happens to uploads, for the file that ``PROMETHEUS_TEXTFILE`` of the host's environment names, and for OpenTelemetry."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sendoff import Failure, Receipt, Record, hookimpl

from sendoff_metrics import measures
from sendoff_metrics.measures import Measure, Meter
from sendoff_metrics.open_telemetry import found
from sendoff_metrics.writing import EVERY, Writing

VARIABLE = "PROMETHEUS_TEXTFILE"
_SECOND = 1_000_000  # moments are microseconds


class Metrics:
    """Hears of every upload and counts; where nobody wants to know nothing is. A new process begins at zero.

    It is one for the process, whoever embeds sendoff more than once: all of it is counted together, from the first that opens to the last that leaves.

    every: seconds between two writes, at least.
    """

    def __init__(self, every: float = EVERY) -> None:
        self._every, self._meters = every, list[Meter]()
        self._clients, self._lock = list[Any](), threading.Lock()
        self._writing: Writing | None = None

    @hookimpl
    def sendoff_opened(self, client: Any) -> None:
        """Begins, where anybody wants to know."""
        with self._lock:
            self._clients.append(client)
            if len(self._clients) == 1:
                self._begin()
        self._stir()

    def _begin(self) -> None:
        file, telemetry = _text_file(os.environ.get(VARIABLE)), found()
        self._meters = [meter for meter in (file, telemetry) if meter is not None]
        self._writing = Writing(lambda: self._write(file), self._every) if self._meters else None
        if self._writing is not None:
            self._writing.start()

    @hookimpl
    def sendoff_closed(self, client: Any) -> None:
        """Writes once more, when the last one leaves."""
        with self._lock:
            last = all(one is client for one in self._clients)
            if last and self._writing is not None:
                self._writing.close()
            self._clients = [one for one in self._clients if one is not client]
            if last:
                self._meters, self._writing = [], None
        self._stir()

    @hookimpl
    def sendoff_queued(self) -> None:
        """One more."""
        self._add(measures.QUEUED)

    @hookimpl
    def sendoff_attempt_started(self) -> None:
        """One more."""
        self._add(measures.ATTEMPTS)

    @hookimpl
    def sendoff_attempt_failed(self, error: Failure) -> None:
        """By its code."""
        self._add(measures.ERRORS, 1, error.code)

    @hookimpl
    def sendoff_paused(self, operation: Record) -> None:
        """By what it waits for."""
        self._add(measures.PAUSED, 1, operation.reason or operation.status.word)

    @hookimpl
    def sendoff_resumed(self) -> None:
        """Where it stands is another place."""
        self._stir()

    @hookimpl
    def sendoff_completed(self, operation: Record, receipt: Receipt) -> None:
        """What landed, and how long it took."""
        self._add(measures.ENDED, 1, "completed")
        self._add(measures.BYTES, receipt.size)
        self._add(measures.RESENT, receipt.bytes_resent)
        if operation.started_at is not None:
            self._add(measures.DURATION, max(receipt.finished_at - operation.started_at, 0) / _SECOND)
        self._put(measures.LAST_SUCCESS, {(): receipt.finished_at / _SECOND})

    @hookimpl
    def sendoff_failed(self) -> None:
        """For good."""
        self._add(measures.ENDED, 1, "error")

    @hookimpl
    def sendoff_canceled(self) -> None:
        """By somebody."""
        self._add(measures.ENDED, 1, "canceled")

    def _add(self, measure: Measure, amount: float = 1, *labels: str) -> None:
        for meter in self._meters:
            meter.add(measure, amount, *labels)
        self._stir()

    def _put(self, measure: Measure, values: dict[tuple[str, ...], float]) -> None:
        for meter in self._meters:
            meter.put(measure, values)

    def _stir(self) -> None:
        writing = self._writing
        if writing is not None:
            writing.stir()

    def _write(self, file: Any) -> None:
        """In a thread of its own: how things stand now, then the file."""
        self._look()
        if file is not None:
            file.write()

    def _look(self) -> None:
        found = [client.status() for client in list(self._clients)]
        sinks = [sink for one in found for sink in one["sinks"]]
        self._put(measures.OPEN, _by_word([one["statuses"] for one in found]))
        self._put(measures.WAITING, _by_word([one["reasons"] for one in found]))
        self._put(measures.NOTICES, _by_sink(sinks, "waiting"))
        self._put(measures.ASIDE, _by_sink(sinks, "aside"))


def _text_file(path: str | None) -> Any:
    """None where nobody has named one; its library is not loaded then."""
    if not path:
        return None
    from sendoff_metrics.text_file import TextFile

    return TextFile(Path(path))


def _by_word(counts: Sequence[dict[str, int]]) -> dict[tuple[str, ...], float]:
    found = Counter[tuple[str, ...]]()
    for one in counts:
        found.update({(word,): count for word, count in one.items() if word})
    return dict(found)


def _by_sink(sinks: Sequence[dict[str, Any]], what: str) -> dict[tuple[str, ...], float]:
    found = Counter[tuple[str, ...]]()
    for sink in sinks:
        found[sink["name"],] += sink[what]
    return dict(found)


LISTENER = Metrics()
