"""Counts what happens to uploads, for the file that ``PROMETHEUS_TEXTFILE`` of the host's environment names, and for OpenTelemetry."""

from __future__ import annotations

import os
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

    every: seconds between two writes, at least.
    """

    def __init__(self, every: float = EVERY) -> None:
        self._every, self._meters = every, list[Meter]()
        self._client: Any = None
        self._writing: Writing | None = None

    @hookimpl
    def sendoff_opened(self, client: Any) -> None:
        """Begins, where anybody wants to know."""
        file, telemetry = _text_file(os.environ.get(VARIABLE)), found()
        self._client, self._meters = client, [meter for meter in (file, telemetry) if meter is not None]
        self._writing = Writing(lambda: self._write(file), self._every) if self._meters else None
        if self._writing is not None:
            self._writing.start()

    @hookimpl
    def sendoff_closed(self) -> None:
        """Writes once more."""
        if self._writing is not None:
            self._writing.close()
        self._meters = []

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
        if self._writing is not None:
            self._writing.stir()

    def _write(self, file: Any) -> None:
        """In a thread of its own: how things stand now, then the file."""
        self._look()
        if file is not None:
            file.write()

    def _look(self) -> None:
        found = self._client.status()
        self._put(measures.OPEN, _by_word(found["statuses"]))
        self._put(measures.WAITING, _by_word(found["reasons"]))
        self._put(measures.NOTICES, _by_sink(found["sinks"], "waiting"))
        self._put(measures.ASIDE, _by_sink(found["sinks"], "aside"))


def _text_file(path: str | None) -> Any:
    """None where nobody has named one; its library is not loaded then."""
    if not path:
        return None
    from sendoff_metrics.text_file import TextFile

    return TextFile(Path(path))


def _by_word(counts: dict[str, int]) -> dict[tuple[str, ...], float]:
    return {(word,): count for word, count in counts.items() if word}


def _by_sink(sinks: Sequence[dict[str, Any]], what: str) -> dict[tuple[str, ...], float]:
    return {(sink["name"],): sink[what] for sink in sinks}


LISTENER = Metrics()
