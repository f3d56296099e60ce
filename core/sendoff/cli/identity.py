"""Which operation a word means: its id or its batch's, a number, or a prefix that only one has. The host knows; here is only asked."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from sendoff.cli.text import is_whole
from sendoff.errors import UnknownOperation
from sendoff.model.query import Query, View, every

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk


def everything(desk: Desk, query: Query, *, after: str | None = None, limit: int = 500) -> Iterator[View]:
    """All that a filter finds, page by page."""
    return every(lambda place: desk.page(query, after=place, limit=limit), after)


def views_of(desk: Desk, word: str) -> list[View]:
    """The operation that a word means, or all operations of the batch; ``UnknownOperation``, or ``InvalidArgument`` with the candidates."""
    return list(everything(desk, _named(word)))


def batch_of(desk: Desk, word: str) -> str:
    """The id of a batch, given itself, its number, a prefix of it, or one of its operations."""
    return str(next(everything(desk, _named(word), limit=1))["batch"])


def _named(word: str) -> Query:
    if not word or not is_whole(word):
        raise UnknownOperation(f"{word!r} is no id", hint="sendoff list --all shows every operation")
    return Query(name=word)


def batch_meant(desk: Desk, word: str) -> str | None:
    """The id of the batch that a word means, not all of it read; None where it means one operation."""
    found = list(islice(everything(desk, _named(word), limit=2), 2))
    return str(found[0]["batch"]) if len(found) > 1 or found[0]["batch"] == word else None
