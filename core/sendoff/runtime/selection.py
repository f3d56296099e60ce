"""Which operations an order is for, by what people call them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from sendoff.errors import InvalidArgument, UnknownOperation
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.ports.store import Store
from sendoff.runtime.batches import BATCH, NUMBER

_SHORTEST_PREFIX = 4
_SHOWN = 10  # candidates of an ambiguous name
_LOOKED_AT = 2000  # operations: two that begin alike were made within a moment of each other, and lie side by side
_NUMBER = re.compile(r"[0-9]{1,18}")


class Selecting:
    """Finds operations by name: an operation's or a batch's id, its short number, or the beginning of an id that only one has."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def meant(self, text: str) -> str:
        """The id of the operation or the batch that is called so; ``UnknownOperation``, or ``InvalidArgument`` with the candidates."""
        if not text.isascii():  # no id is, and some of it might not even be text
            raise UnknownOperation(f"{text!r} is no id", hint="sendoff list --all shows every operation")
        if self._exists(text):
            return text
        found = self._numbered(text) if _NUMBER.fullmatch(text) else None
        if found is None and len(text) >= _SHORTEST_PREFIX:
            found = self._by_prefix(text)
        if found is None:
            raise UnknownOperation(f"there is no operation or batch {text}", hint="sendoff list --all shows every operation")
        return found

    def understood(self, query: Query) -> Query:
        """The query as a store understands it: a name is an id by now."""
        if query.name is None:
            return query
        if query.ids:
            raise InvalidArgument("a name and ids cannot be asked for together")
        return replace(query, name=None, ids=(self.meant(query.name),))

    def named(self, text: str) -> list[Record]:
        """The operation that is called so, or all of the batch."""
        return list(self.all(Query(ids=(self.meant(text),))))

    def batch(self, text: str) -> str:
        """The id of the batch that is called so, or of the one that the operation called so is in."""
        for record in self.all(Query(ids=(self.meant(text),))):
            return record.batch
        raise UnknownOperation(f"there is no operation or batch {text} any more", hint="sendoff list --all shows every operation")

    def all(self, query: Query) -> Iterator[Record]:
        """Everything that matches, page by page."""
        return every(lambda after: self._store.find(query, after=after, limit=1000))

    # -- names -----------------------------------------------------------------------------------------------------

    def _exists(self, id: str) -> bool:
        return bool(id) and bool(self._store.find(Query(ids=(id,)), limit=1).items)

    def _numbered(self, text: str) -> str | None:
        """The operation or the batch with this short number; they are counted together."""
        for record in self._store.find(Query(numbers=(int(text),)), limit=1).items:
            return record.id
        note = self._store.note(NUMBER, [str(int(text))]).get(str(int(text)))
        return str(note.value) if note is not None and self._exists(str(note.value)) else None

    def _by_prefix(self, text: str) -> str | None:
        candidates = self._candidates(text)
        if len(candidates) > 1:
            names = [*candidates.values()]
            more = ["and more"] if len(names) > _SHOWN else []
            raise InvalidArgument(f"{text} is the beginning of several ids; write more of it", candidates=[*names[:_SHOWN], *more])
        return next(iter(candidates), None)

    def _candidates(self, text: str) -> dict[str, str]:
        """Those whose id begins so, each with a line that shows it; a batch of one is called by its operation."""
        found: dict[str, str] = {}
        for note in self._store.notes(BATCH, after=text, limit=_SHOWN + 1).items:
            if note.key.startswith(text) and self._exists(note.key):
                found[note.key] = f"{note.key}  batch of {note.value['total']}"
        for record in islice(self.all(Query(prefix=text)), _LOOKED_AT):
            if len(found) > _SHOWN:
                break
            if record.batch not in found or record.id.startswith(text):
                found[record.id] = f"{record.id}  {record.spec.url}"
        return found
