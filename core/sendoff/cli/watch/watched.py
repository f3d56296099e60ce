"""What somebody watches: operations and batches by name, or everything that has not ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sendoff.cli.identity import batch_meant, views_of
from sendoff.cli.watch.tally import ENDED, Tally, as_told, tally_of
from sendoff.model.query import Query, Question, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk

AT_ONCE = 100


class Everything:
    """All that has not ended, also what comes later. What ends stays in the totals."""

    query = Query(open=True)
    followed = Query()

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._ended: dict[str, tuple[bool, int]] = {}
        self._most = 0

    def count(self) -> tuple[Tally, Sequence[View]]:
        """How it stands; of those that have ended nobody is named here: they were not there when the watching began."""
        told = self._desk.ask(Question(what="open"))
        size = sum(size for _, size in self._ended.values())
        gone = Tally(total=len(self._ended), ended=len(self._ended), failed=sum(failed for failed, _ in self._ended.values()), bytes=size, sent=size)
        tally = as_told(told) + gone
        self._most = max(self._most, tally.total)  # what ended a moment ago is in neither, until it is told
        return replace(tally, total=self._most, ended=self._most - as_told(told).total), ()

    def has_ended(self, id: str, failed: bool, size: int) -> None:
        """One of them ended."""
        self._ended[id] = failed, size

    def goes_on(self, id: str) -> None:
        """One that had ended was taken up again."""
        self._ended.pop(id, None)


class Named:
    """These operations and batches."""

    def __init__(self, desk: Desk, operations: Sequence[str], batches: Sequence[str]) -> None:
        self._desk, self._operations, self._batches = desk, operations, batches
        ids = (*operations, *batches)
        self.query = Query(ids=ids, open=True)
        self.followed = Query(ids=ids)

    def count(self) -> tuple[Tally, Sequence[View]]:
        """How they stand; those named by themselves that have ended."""
        views = [view for start in range(0, len(self._operations), AT_ONCE) for view in self._page(self._operations[start : start + AT_ONCE])]
        tally = tally_of(views)
        for batch in self._batches:
            tally += as_told(self._desk.ask(Question(what="batch", details={"name": batch})))
        return tally, [view for view in views if view["status"] in ENDED]

    def has_ended(self, id: str, failed: bool, size: int) -> None:
        """The next count says it."""

    def goes_on(self, id: str) -> None:
        """The next count says it."""

    def _page(self, ids: Sequence[str]) -> Sequence[View]:
        return self._desk.page(Query(ids=tuple(ids)), limit=len(ids)).items


def named(desk: Desk, words: Sequence[str]) -> Named:
    """What the words mean: operations, and batches as a whole."""
    operations: dict[str, None] = {}
    batches: dict[str, None] = {}
    for word in words:
        batch = batch_meant(desk, word)
        if batch is not None:
            batches[batch] = None
        else:
            operations[views_of(desk, word)[0]["id"]] = None
    return Named(desk, list(operations), list(batches))
