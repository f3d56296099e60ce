"""Which row is selected, which are marked, and which part of the list is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sendoff.model.query import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Follows the selected upload when rows come and go above it; before anybody has moved it, it stays on the first row.

    at: the selected row. id: of the upload in it, None where the first row is meant. last: the last row is meant, whatever comes. top: the first that is seen.
    """

    at: int = 0
    id: str | None = None
    last: bool = False
    top: int = 0
    marked: tuple[str, ...] = ()

    def settled(self, rows: Sequence[View], height: int) -> Pointer:
        """In these rows, of which so many are seen at a time."""
        found = next((place for place, view in enumerate(rows) if view["id"] == self.id), None) if self.id is not None else None
        wanted = len(rows) if self.last else self.at if found is None else found
        at = max(min(wanted, len(rows) - 1), 0)
        top = max(min(self.top, at, len(rows) - height), at - height + 1, 0)
        return replace(self, at=at, top=top)

    def moved(self, rows: Sequence[View], by: int) -> Pointer:
        """So many rows further on."""
        to = max(min(self.at + by, len(rows) - 1), 0)
        return replace(self, at=to, id=rows[to]["id"] if rows else None, last=False)

    def at_end(self, rows: Sequence[View]) -> Pointer:
        """On the last row, also of those that nobody has asked for yet."""
        return replace(self, at=max(len(rows) - 1, 0), id=None, last=True)

    def turned(self, rows: Sequence[View]) -> Pointer:
        """The selected one marked, or not marked any more, and the next one selected."""
        if not rows:
            return self
        id = rows[self.at]["id"]
        marked = tuple(one for one in self.marked if one != id) if id in self.marked else (*self.marked, id)
        return replace(self.moved(rows, 1), marked=marked)

    def meant(self, rows: Sequence[View]) -> tuple[str, ...]:
        """The ids of what an order is for: what is marked, or else what is selected."""
        return self.marked or ((rows[self.at]["id"],) if rows else ())
