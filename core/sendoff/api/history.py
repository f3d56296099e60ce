"""The durable history, read by a program."""

from __future__ import annotations

from collections.abc import Iterator

from sendoff.api.connection import Connection
from sendoff.errors import HostUnavailable, InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.event import TYPES, Event
from sendoff.model.query import Query

TRIES = 5


def history(connection: Connection, *, ids: tuple[str, ...] = (), types: tuple[str, ...] = (), after: int = 0) -> Iterator[Event]:
    """Everything so far, in the order in which it was recorded; a host that dies meanwhile costs nothing."""
    query, position = _query(ids, types), after
    for left in reversed(range(TRIES)):
        try:
            for event in _so_far(connection, query, position):
                position = event.seq
                yield event
        except HostUnavailable as error:
            if "lost" not in error.facts or not left:
                raise
        else:
            return


def _so_far(connection: Connection, query: Query, after: int) -> Iterator[Event]:
    pauses = 0
    for news in connection.desk.follow(query, after=after):
        pauses += news is None
        if isinstance(news, Event):
            yield news
        if pauses == 2:  # the first says that the host listens, the next that everything so far was told
            return


def followed(connection: Connection, *, ids: tuple[str, ...] = (), types: tuple[str, ...] = (), after: int = 0) -> Iterator[Event | None]:
    """Everything so far and from now on, through the death and return of hosts; None about once a second in which nothing happens."""
    for news in connection.desk.follow_always(_query(ids, types), after=after):
        if news is None or isinstance(news, Event):
            yield news


def _query(ids: tuple[str, ...], types: tuple[str, ...]) -> Query:
    for word in types:
        if word not in TYPES:
            raise InvalidArgument(f"there is no event {word!r}{nearest(str(word), TYPES)}", hint=f"there are {', '.join(TYPES)}")
    return Query(ids=ids, types=types)
