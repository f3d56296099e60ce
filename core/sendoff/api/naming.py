"""What a program calls an operation: its id, its short number, or the beginning of the id."""

from __future__ import annotations

from itertools import islice

from sendoff.api.connection import Connection
from sendoff.errors import InvalidArgument
from sendoff.model.query import Query, View


def named(connection: Connection, name: str | int) -> View:
    """The one operation that is meant; ``UnknownOperation``, or ``InvalidArgument`` for a batch of several, or with the candidates."""
    if isinstance(name, bool) or not isinstance(name, str | int):
        raise InvalidArgument(f"{name!r} is no id: it is a text, or a number")
    found = list(islice(connection.everything(Query(name=str(name)), limit=2), 2))
    if len(found) != 1:
        batch = found[0]["batch"]
        raise InvalidArgument(f"{name} is a batch of several operations", hint=f"find(batch={batch!r}, all=True) gives them")
    return found[0]
