"""A wait that the clock or a TERM ends while the work goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stopped(BaseException):
    """The time is up, or TERM came. Not an ``Exception``: nothing on the way may take it for a failure."""


@contextmanager
def bounded(timeout: float | None) -> Iterator[None]:
    """Raises ``Stopped`` in the block after ``timeout`` seconds (None: never), and when the process is told to terminate."""
    before = [(number, signal.signal(number, _stop)) for number in (signal.SIGTERM, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_REAL, timeout or 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before:
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    raise Stopped("TERM" if number == signal.SIGTERM else "timeout")
