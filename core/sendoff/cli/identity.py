"""Which operation a word means: its id or its batch's, a number, or a prefix that only one has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument, UnknownOperation
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk

SHOWN = 10
SHORTEST_PREFIX = 4


def everything(desk: Desk, query: Query, *, after: str | None = None, limit: int = 500) -> Iterator[View]:
    """All that a filter finds, page by page."""
    while True:
        page = desk.page(query, after=after, limit=limit)
        yield from page.items
        if page.next is None:
            return
        after = page.next


def views_of(desk: Desk, word: str) -> list[View]:
    """The operation that a word means, or all operations of the batch; ``UnknownOperation``, or ``InvalidArgument`` with the candidates."""
    if not word or not is_whole(word):
        raise UnknownOperation(f"{word!r} is no id", hint="sendoff list --all shows every operation")
    found = list(everything(desk, Query(ids=(word,))))
    if not found and word.isascii() and word.isdigit() and len(word) < 19:
        found = list(everything(desk, Query(numbers=(int(word),))))
    return found or [_only_one(word, _candidates(desk, word))]


def _candidates(desk: Desk, word: str) -> Sequence[View]:
    """Some of those whose id begins so."""
    if len(word) < SHORTEST_PREFIX:
        return ()
    return list(islice(everything(desk, Query(prefix=word), limit=SHOWN + 1), SHOWN + 1))


def _only_one(word: str, candidates: Sequence[View]) -> View:
    if not candidates:
        raise UnknownOperation(f"there is no operation {word}", hint="sendoff list --all shows every operation")
    if len(candidates) > 1:
        names = [f"{view['id']}  {view['url']}" for view in candidates[:SHOWN]]
        more = ["and more"] if len(candidates) > SHOWN else []
        raise InvalidArgument(f"{word} is the beginning of several ids; write more of it", candidates=[*names, *more])
    return candidates[0]


def batch_of(desk: Desk, word: str) -> str:
    """The id of a batch, given itself, a prefix of it, or one of its operations."""
    found = next(everything(desk, Query(batch=word), limit=1), None)
    return str(found["batch"]) if found else str(views_of(desk, word)[0]["batch"])
