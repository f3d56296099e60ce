"""Which records a query means: candidates by an index, then every filter, a bounded number a page."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sendoff import InvalidArgument, Page, Query, Record, TransferStatus

from sendoff_postgres.row import is_text, pairs_of, path_bytes, record_of
from sendoff_postgres.statements import Statements

if TYPE_CHECKING:
    from sendoff_postgres.connection import Connection

LOOKED_AT = 2000  # rows a page looks at when a filter has no index; about 10 ms
_STATUSES = {status.word: int(status) for status in TransferStatus}
_FILTERS = [name for name in Query.__dataclass_fields__ if name not in ("types", "name")]
_MOST = 2**63  # no number of an operation is as high
_LAST = "\U0010ffff"  # after every character that an id may hold


class Search:
    """Answers queries on a connection that is handed in."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def page(self, connection: Connection, query: Query, *, after: str | None, limit: int) -> Page[Record]:
        """Records by number; ``next`` is the last number looked at."""
        scan = limit + 1 if _by_index_alone(query) else max(limit + 1, LOOKED_AT)
        candidates, more = self._candidates(connection, query, after=_position(after), scan=scan)
        asked = _parameters(query, candidates=candidates, limit=limit)
        rows = connection.execute(self._sql["find"], asked).fetchall() if candidates else []
        if len(rows) == limit and rows:
            last = rows[-1][0]
            return Page(items=[record_of(row) for row in rows], next=str(last) if more or last < candidates[-1] else None)
        return Page(items=[record_of(row) for row in rows], next=str(candidates[-1]) if more and candidates else None)

    def _candidates(self, connection: Connection, query: Query, *, after: int, scan: int) -> tuple[list[int], bool]:
        """Numbers after a position that may match, ascending, and whether there are more of them."""
        if query.numbers:
            found = sorted(set(query.numbers))
        else:
            few = self._few(connection, query, scan=scan)
            found = self._by_index(connection, query, after=after, scan=scan) if few is None else few
        found = found[bisect_right(found, after) :]
        return found[:scan], len(found) > scan

    def _by_index(self, connection: Connection, query: Query, *, after: int, scan: int) -> list[int]:
        found: set[int] = set()
        for statement, value in _road(query)[1]:
            found.update(row[0] for row in connection.execute(self._sql[statement], {"value": value, "after": after, "scan": scan + 1}))
        return sorted(found)

    def _few(self, connection: Connection, query: Query, *, scan: int) -> list[int] | None:
        """A prefix that few ids have, a moment after which few are due: looked up. Where very many do (None) it is a filter like another."""
        if query.ids or (query.prefix is None and query.due_after is None):
            return None
        statement = "by_due" if query.prefix is None else "by_prefix"
        found = connection.execute(self._sql[statement], {**_range(query), "due_after": query.due_after, "scan": scan + 1}).fetchall()
        return sorted(row[0] for row in found) if len(found) <= scan else None


def askable(query: Query) -> Query | None:
    """The query without the words and numbers that no row can hold; None where it then finds nothing."""
    alone = (query.batch, query.group, query.reason, query.prefix)
    several: dict[str, tuple[Any, ...]] = {name: tuple(filter(is_text, getattr(query, name))) for name in ("ids", "targets", "types")}
    several["numbers"] = tuple(number for number in query.numbers if 0 <= number < _MOST)
    if not all(map(is_text, alone)) or any(getattr(query, name) and not left for name, left in several.items()):
        return None
    return replace(query, **several)  # type: ignore[arg-type]


def _road(query: Query) -> tuple[set[str], list[tuple[str, Any]]]:
    """The most selective index for this query: which filters it applies, and what is asked of it, several things where a filter has several values."""
    match query:
        case Query(ids=(_, *_)):
            return {"ids"}, [(statement, one) for one in query.ids for statement in ("by_id", "by_batch")]
        case Query(targets=(_, *_), open=True):
            return {"targets", "open"}, [("by_open_target", list(query.targets))]
        case Query(targets=(_, *_)):
            return {"targets"}, [("by_target", list(query.targets))]
        case Query(reads=str() as path):
            return {"reads"}, [("by_file", path_bytes(path))]
        case Query(batch=str(), open=True):
            return {"batch", "open"}, [("by_open_batch", query.batch)]
        case Query(batch=str()):
            return {"batch"}, [("by_batch", query.batch)]
        case Query(claimed=True):
            return {"claimed"}, [("by_claim", None)]
        case Query(group=str()):
            return {"group"}, [("by_group", query.group)]
        case Query(statuses=(_, *_)):
            return {"statuses"}, [("by_status", _status(word)) for word in query.statuses]
        case Query(listed=True):
            return {"listed"}, [("by_listed", None)]
        case Query(open=True):
            return {"open"}, [("by_open", None)]
    return set(), [("by_number", None)]


def _by_index_alone(query: Query) -> bool:
    """Every candidate matches: no filter is left that the index has not already applied."""
    return {name for name in _FILTERS if getattr(query, name) not in (None, (), {})} == _road(query)[0]


def _range(query: Query) -> dict[str, str | None]:
    """Which ids of operations and batches begin with the prefix."""
    return {"low": query.prefix, "high": None if query.prefix is None else query.prefix + _LAST}


def _parameters(query: Query, *, candidates: list[int], limit: int) -> dict[str, Any]:
    return {
        "candidates": candidates,
        "batch": query.batch,
        "group_name": query.group,
        "grouped": query.grouped,
        "reason": query.reason,
        "targets": list(query.targets) if query.targets else None,
        "open": query.open,
        "claimed": query.claimed,
        "listed": query.listed,
        "due_after": query.due_after,
        "reads": None if query.reads is None else path_bytes(query.reads),
        **_range(query),
        "numbers": list(query.numbers) if query.numbers else None,
        "ids": list(query.ids) if query.ids else None,
        "statuses": [_status(word) for word in query.statuses] if query.statuses else None,
        "metadata": pairs_of(query.metadata),
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
