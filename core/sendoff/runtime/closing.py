"""Letting drivers go: what is closed is needed no more, and nobody waits long for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

from sendoff.deadline import Deadlines, Overdue, attempted

_WITHIN = 2.0  # seconds


class Closing:
    """Closes what strangers have made, each in a thread of its own: one that hangs keeps no other open."""

    def __init__(self) -> None:
        self._hanging, self._lock = Counter[str](), threading.Lock()
        self._log = logging.getLogger("sendoff.drivers")

    def close(self, what: str, close: Callable[[], None]) -> None:
        """Whatever that raises, and however long it takes, is told in the log alone.

        what: who is let go; while one that is called so hangs, the next is not waited for.
        """
        within = 0.0 if self._hanging[what] > 0 else _WITHIN
        try:
            _, error = Deadlines(lambda: within, self._over).call(what, lambda: attempted(close), about=what)
        except Overdue as cause:
            self._count(what, 1)
            if within:
                self._log.warning("%s is not closed yet after %g seconds; it is left behind", what, cause.seconds)
            return
        if error is not None:
            self._log.error("%s could not be closed", what, exc_info=error)

    def _over(self, what: str) -> None:
        self._count(what, -1)

    def _count(self, what: str, more: int) -> None:
        """It may be over before it is counted: only the sum says who hangs."""
        with self._lock:
            self._hanging[what] += more
            if not self._hanging[what]:
                del self._hanging[what]
