"""Time and chance, handed in."""

from __future__ import annotations

import sys
import time
from typing import Protocol

from sendoff.model.moment import Moment

_SLEEP = {"linux": ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"), "darwin": ("CLOCK_MONOTONIC", "CLOCK_UPTIME_RAW")}


class Clock(Protocol):
    """Four readings of time; a driver asks the one in its toolkit, and a test hands in its own.

    Example: ``deadline = self.toolkit.clock.monotonic() + 30``.
    """

    def monotonic(self) -> float:
        """Seconds that never go back; for time limits."""
        ...

    def wall(self) -> Moment:
        """What the clock on the wall says; for time stamps that people read."""
        ...

    def steady(self) -> Moment:
        """The wall clock at the start of the process, carried on by the monotonic one; for whatever is due."""
        ...

    def slept(self) -> float:
        """Seconds that the machine has slept so far; only the difference between two readings means anything."""
        ...


class SystemClock:
    """The clock of this machine."""

    def __init__(self) -> None:
        self._base = time.time_ns() // 1000 - time.monotonic_ns() // 1000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def wall(self) -> Moment:
        """The wall clock, microseconds since 1970."""
        return time.time_ns() // 1000

    def steady(self) -> Moment:
        """Moves with the monotonic clock from where the wall clock stood at the start."""
        return self._base + time.monotonic_ns() // 1000

    def slept(self) -> float:
        """What a clock that goes on in the sleep is ahead of one that does not; 0 where there are no two such clocks."""
        goes_on, stands_still = _SLEEP.get(sys.platform, ("", ""))
        if not hasattr(time, goes_on or "none"):
            return 0.0
        return time.clock_gettime(getattr(time, goes_on)) - time.clock_gettime(getattr(time, stands_still))
