"""How much the spool still takes: asked once, and counted down by all that one call keeps in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendoff.errors import NoSpace
from sendoff.model.quantity import size_text
from sendoff.model.query import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from sendoff.desk.contract import Desk

HINT = "raise [limits] spool, or wait until uploads from it are done"


class Room:
    """What is left of ``[limits] spool``. desk: gives who is asked; only when there is something to keep."""

    def __init__(self, desk: Callable[[], Desk]) -> None:
        self._desk, self._limit = desk, 0
        self._left: int | None = None

    def take(self, size: int, what: str) -> None:
        """So many bytes more are to be kept; ``NoSpace`` where they do not fit, and then they must not be. what: they are of, for the message."""
        if self._left is None:
            told = self._desk().ask(Question(what="spool"))
            self._limit, self._left = told["limit"], told["limit"] - told["used"]
        if size > self._left:
            raise NoSpace(f"{what} does not fit: the spool would grow past {size_text(self._limit)}; nothing was stored", hint=HINT)
        self._left -= size
