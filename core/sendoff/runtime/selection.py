"""Which operations an order is for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sendoff.errors import InvalidArgument, UnknownOperation
from sendoff.model.operation import Record
from sendoff.model.query import Query, Selection
from sendoff.ports.store import Store

_SHORTEST_PREFIX = 4
_NUMBER = re.compile(r"\d{1,18}")


class Selecting:
    """Finds operations by what people call them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def named(self, text: str) -> list[Record]:
        """The operation with this id, number or unique prefix, or all of the batch with this id; ``UnknownOperation``."""
        found = list(self.all(Query(ids=(text,))))
        if not found and _NUMBER.fullmatch(text):
            found = list(self.all(Query(numbers=(int(text),))))
        if not found and len(text) >= _SHORTEST_PREFIX:
            found = self._by_prefix(text)
        if not found:
            raise UnknownOperation(f"there is no operation {text!r}", hint="sendoff list --all shows them")
        return found

    def chosen(self, which: Selection) -> Iterator[Record]:
        """Every operation a selection names; read page by page, so that a million need no memory."""
        for text in which.ids:
            yield from self.named(text)
        if which.batch:
            yield from self._only(which, Query(batch=which.batch))
        if which.group:
            yield from self._only(which, Query(group=which.group))
        if which.all or (which.failed and not (which.batch or which.group or which.ids)):
            yield from self._only(which, Query())

    def all(self, query: Query) -> Iterator[Record]:
        """Everything that matches, page by page."""
        after: str | None = None
        while True:
            page = self._store.find(query, after=after, limit=1000)
            yield from page.items
            if page.next is None:
                return
            after = page.next

    def _by_prefix(self, text: str) -> list[Record]:
        found = list(self._store.find(Query(prefix=text), limit=5).items)
        if len(found) > 1:
            names = ", ".join(record.id for record in found[:4])
            raise InvalidArgument(f"{text!r} is ambiguous: {names}", candidates=[record.id for record in found])
        return found

    def _only(self, which: Selection, query: Query) -> Iterator[Record]:
        """What an order over many can mean: of the failed those, else whatever is open."""
        narrowed = Query(batch=query.batch, group=query.group, statuses=("error",)) if which.failed else Query(batch=query.batch, group=query.group, open=True)
        yield from self.all(narrowed)
