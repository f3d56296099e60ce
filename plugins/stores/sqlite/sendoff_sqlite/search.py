"""Which records a query means: candidates by an index, then every filter, a bounded number a page."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from sendoff import InvalidArgument, Page, Query, Record, TransferStatus, encode

from sendoff_sqlite.row import record_of
from sendoff_sqlite.statements import Statements

LOOKED_AT = 2000  # rows a page looks at when a filter has no index; about 10 ms
_STATUSES = {status.word: int(status) for status in TransferStatus}
_FILTERS = [name for name in Query.__dataclass_fields__ if name != "types"]
_LAST = "\U0010ffff"  # after every character that an id may hold


class Search:
    """Answers queries on a connection that is handed in."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def page(self, connection: sqlite3.Connection, query: Query, *, after: str | None, limit: int) -> Page[Record]:
        """Records by number; ``next`` is the last number looked at."""
        scan = limit + 1 if _by_index_alone(query) else max(limit + 1, LOOKED_AT)
        candidates, more = self._candidates(connection, query, after=_position(after), scan=scan)
        asked = _parameters(query, candidates=json.dumps(candidates), limit=limit)
        rows = connection.execute(self._sql["find"], asked).fetchall() if candidates else []
        if len(rows) == limit and rows:
            last = rows[-1][0]
            return Page(items=[record_of(row) for row in rows], next=str(last) if more or last < candidates[-1] else None)
        return Page(items=[record_of(row) for row in rows], next=str(candidates[-1]) if more and candidates else None)

    def _candidates(self, connection: sqlite3.Connection, query: Query, *, after: int, scan: int) -> tuple[list[int], bool]:
        """Numbers after a position that may match, ascending, and whether there are more of them."""
        if query.numbers:
            found = sorted({number for number in query.numbers if number > after})
        else:
            by_prefix = self._by_prefix(connection, query, after=after, scan=scan)
            found = self._by_road(connection, query, after=after, scan=scan) if by_prefix is None else by_prefix
        return found[:scan], len(found) > scan

    def _by_road(self, connection: sqlite3.Connection, query: Query, *, after: int, scan: int) -> list[int]:
        found: set[int] = set()
        for statement, value in _roads(query):
            found.update(row[0] for row in connection.execute(self._sql[statement], {"value": value, "after": after, "scan": scan + 1}))
        return sorted(found)

    def _by_prefix(self, connection: sqlite3.Connection, query: Query, *, after: int, scan: int) -> list[int] | None:
        """A prefix that few ids have is looked up; one that very many have (None) is a filter like another."""
        if query.prefix is None or query.ids:
            return None
        asked = {"low": query.prefix, "high": query.prefix + _LAST, "scan": scan + 1}
        found = [row[0] for row in connection.execute(self._sql["by_prefix"], asked)]
        return sorted(number for number in found if number > after) if len(found) <= scan else None


def _roads(query: Query) -> Iterator[tuple[str, Any]]:
    """The most selective index for this query; several where one filter names several values."""
    if query.ids:
        yield from (("by_id", one) for one in query.ids)
        yield from (("by_batch", one) for one in query.ids)
    elif query.batch is not None:
        yield "by_batch", query.batch
    elif query.target is not None:
        yield "by_target", query.target
    elif query.claimed:
        yield "by_claim", None
    elif query.group is not None:
        yield "by_group", query.group
    elif query.statuses:
        yield from (("by_status", _status(word)) for word in query.statuses)
    elif query.listed:
        yield "by_listed", None
    elif query.open:
        yield "by_open", None
    else:
        yield "by_number", None


def _by_index_alone(query: Query) -> bool:
    """Every candidate matches: no filter is left that the index has not already applied."""
    asked = [name for name in _FILTERS if getattr(query, name) not in (None, (), {})]
    return not asked or (len(asked) == 1 and not query.numbers and query.prefix is None and next(_roads(query))[0] != "by_number")


def _parameters(query: Query, *, candidates: str, limit: int) -> dict[str, Any]:
    return {
        "candidates": candidates,
        "batch": query.batch,
        "group_name": query.group,
        "reason": query.reason,
        "target": query.target,
        "open": query.open,
        "claimed": query.claimed,
        "listed": query.listed,
        "due_after": query.due_after,
        "low": query.prefix,
        "high": None if query.prefix is None else query.prefix + _LAST,
        "numbers": json.dumps(query.numbers) if query.numbers else None,
        "ids": json.dumps(query.ids) if query.ids else None,
        "statuses": json.dumps([_status(word) for word in query.statuses]) if query.statuses else None,
        "metadata": json.dumps(encode(query.metadata)),
        "limit": limit,
    }


def _status(word: str) -> int:
    if word not in _STATUSES:
        raise InvalidArgument(f"{word!r} is not a status; the statuses are {', '.join(_STATUSES)}")
    return _STATUSES[word]


def _position(after: str | None) -> int:
    if after is None:
        return 0
    if not after.isdecimal():
        raise InvalidArgument(f"{after!r} is not the end of a page of operations")
    return int(after)
