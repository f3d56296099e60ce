"""The events that a reader has not seen yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sendoff import Event, Query

from sendoff_postgres.row import Row, event_of
from sendoff_postgres.statements import Statements

if TYPE_CHECKING:
    from sendoff_postgres.connection import Connection

Passes = Callable[[Row], bool]
_STRETCH = 10_000  # events that one read passes by at most, so that none is long


class History:
    """Reads events on a connection that is handed in."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def after(self, connection: Connection, after: int, limit: int, query: Query) -> list[Event]:
        """The next events that the query's ids, batch and types let pass."""
        if not query.ids and query.batch is None:
            return self._all(connection, after, limit, query)
        with _one_moment(connection):
            passes = _filter(query)
            found: dict[int, Event] = {}
            for statement, value in _about(query):
                found.update((event.seq, event) for event in self._some(connection, statement, value, after=after, limit=limit, passes=passes))
            return [found[seq] for seq in sorted(found)[:limit]]

    def _some(self, connection: Connection, statement: str, value: str, *, after: int, limit: int, passes: Passes) -> list[Event]:
        events: list[Event] = []
        while len(events) < limit:
            rows = connection.execute(self._sql[statement], {"value": value, "after": after, "limit": limit}).fetchall()
            events.extend(event_of(row) for row in rows if passes(row))
            if len(rows) < limit:
                break
            after = rows[-1][0]
        return events[:limit]

    def _all(self, connection: Connection, after: int, limit: int, query: Query) -> list[Event]:
        types = list(query.types) if query.types else None
        ((last,),) = connection.execute(self._sql["last_event"]).fetchall()
        events: list[Event] = []
        while after < last and len(events) < limit:
            upto = min(last, after + _STRETCH)
            asked = {"after": after, "upto": upto, "types": types, "limit": limit - len(events)}
            events.extend(event_of(row) for row in connection.execute(self._sql["events"], asked).fetchall())
            after = upto
        return events


@contextmanager
def _one_moment(connection: Connection) -> Iterator[None]:
    """All that is read inside is as it was at once: a later event that one read finds hides no earlier one from a read before it."""
    connection.execute("begin isolation level repeatable read read only")
    yield
    connection.execute("rollback")


def _about(query: Query) -> Iterator[tuple[str, str]]:
    """One read by index for each name; every other filter is looked at row by row."""
    if query.ids:
        yield from (("events_of_operation", one) for one in query.ids)
        yield from (("events_of_batch", one) for one in query.ids)
    elif query.batch is not None:
        yield "events_of_batch", query.batch


def _filter(query: Query) -> Passes:
    types, ids, batch = frozenset(query.types), frozenset(query.ids), query.batch

    def passes(row: Row) -> bool:
        return (not types or row[3] in types) and (batch is None or row[5] == batch) and (not ids or row[4] in ids or row[5] in ids)

    return passes
