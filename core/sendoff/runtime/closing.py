"""Letting drivers go: what is closed is needed no more, and nobody waits long for it."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sendoff.deadline import Deadlines, Overdue, attempted

_WITHIN = 2.0  # seconds


class Closing:
    """Closes what strangers have made."""

    def __init__(self) -> None:
        self._deadlines, self._log = Deadlines(lambda: _WITHIN), logging.getLogger("sendoff.drivers")

    def close(self, what: str, close: Callable[[], None]) -> None:
        """Whatever that raises, and however long it takes, is told in the log alone. what: who is let go."""
        try:
            _, error = self._deadlines.call(what, lambda: attempted(close))
        except Overdue as cause:
            self._log.warning("%s is not closed yet after %g seconds; it is left behind", what, cause.seconds)
            return
        if error is not None:
            self._log.error("%s could not be closed", what, exc_info=error)
