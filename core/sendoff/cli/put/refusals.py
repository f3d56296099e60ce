"""Everything that is wrong with a put, told at once."""

from __future__ import annotations

from sendoff.errors import Refused, SendoffError

SHOWN = 10


class Refusals:
    """Errors, however many: the first few are kept, the rest are counted. others: sources refused only because another one was."""

    def __init__(self) -> None:
        self._kept: list[SendoffError] = []
        self.count = 0
        self.others = 0

    def add(self, error: SendoffError) -> None:
        """One more."""
        if isinstance(error, Refused):  # by a listener, or because of another source of the same put
            self._add_refused(error)
            return
        if self.count < SHOWN:
            self._kept.insert(self.count, error)
        self.count += 1

    def __bool__(self) -> bool:
        return bool(self.count or self.others)

    def error(self) -> SendoffError:
        """The first of them; the others are its candidates."""
        count = self.count or self.others
        first, *more = self._kept[: self.count or SHOWN]
        told = [error.message for error in more[: SHOWN - 1]] + ([f"and {count - SHOWN} more"] if count > SHOWN else [])
        if told:
            first.facts["candidates"] = told
        return first

    def _add_refused(self, error: Refused) -> None:
        if len(self._kept) - self.count < SHOWN:
            self._kept.append(error)
        self.others += 1
