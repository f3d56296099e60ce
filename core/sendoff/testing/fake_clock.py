"""Time that moves when a test says so."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

from sendoff.model.moment import Moment, moment
from sendoff.model.quantity import seconds

BEGIN: Moment = 1_767_225_600_000_000  # 2026-01-01, midnight UTC


class FakeClock:
    """A clock that stands still until ``advance`` is called; it begins with the year 2026.

    >>> clock = FakeClock()
    >>> clock.advance("5m")
    >>> clock.sleep("1h")
    >>> clock.monotonic(), clock.slept()
    (300.0, 3600.0)
    """

    def __init__(self) -> None:
        self._now, self._slept, self._lock = BEGIN, 0, threading.Lock()
        self._told: list[Callable[[], None]] = []

    def advance(self, length: float | str | timedelta) -> None:
        """Let so much time pass at once: seconds, a text like ``"5m"``, or a ``timedelta``; never back."""
        by = length.total_seconds() if isinstance(length, timedelta) else seconds(length)
        self.advance_to(self._now + moment(by))

    def advance_to(self, now: Moment) -> None:
        """It is as late as this; a moment that has passed changes nothing."""
        with self._lock:
            self._now = max(self._now, now)
        for told in self._told:
            told()

    def sleep(self, length: float | str | timedelta) -> None:
        """The machine sleeps for so long, and wakes: the clock on the wall has moved, the others have stood still. As ``advance`` otherwise."""
        by = length.total_seconds() if isinstance(length, timedelta) else seconds(length)
        with self._lock:
            self._slept += moment(by)
        for told in self._told:
            told()

    def on_advance(self, told: Callable[[], None]) -> None:
        """``told`` is called after each change."""
        self._told.append(told)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return (self._now - BEGIN) / 1e6

    def wall(self) -> Moment:
        """The same clock, as people read it: it goes on in the sleep."""
        return self._now + self._slept

    def steady(self) -> Moment:
        """The same clock, for whatever is due."""
        return self._now

    def slept(self) -> float:
        """Seconds that ``sleep`` was called for."""
        return self._slept / 1e6
