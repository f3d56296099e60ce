"""Forgetting what is past its time, a slice at a time."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sendoff import Retention

from sendoff_postgres.statements import Statements

if TYPE_CHECKING:
    from sendoff_postgres.connection import Connection


class Trimmer:
    """Forgets on a connection that is handed in, under the lock of whoever writes. The room is the server's to give back (autovacuum)."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def forget(self, connection: Connection, keep: Retention, *, limit: int) -> int:
        """Delete a slice of finished operations and whatever belongs to them alone, in one transaction; how many."""
        connection.execute("begin")
        connection.execute(self._sql["lock"])
        past = connection.execute(self._sql["past"], {"before": keep.now - keep.finished, "limit": limit}).fetchall()
        if past:
            self._delete(connection, *(list(one) for one in zip(*past, strict=True)))
        connection.execute("commit")
        return len(past)

    def _delete(self, connection: Connection, numbers: list[int], ids: list[str], batches: list[str], environments: list[str | None]) -> None:
        keys = _each(environments)
        with connection.pipeline():
            connection.execute(self._sql["forget_events"], {"which": ids})
            connection.execute(self._sql["forget_checkpoints"], {"which": numbers})
            connection.execute(self._sql["forget_operations"], {"which": numbers})
            connection.execute(self._sql["forget_batches"], {"which": _each(batches)})
            connection.execute(self._sql["forget_environments"], {"which": keys, "quoted": [json.dumps(key) for key in keys]})


def _each(words: Iterable[str | None]) -> list[str]:
    """Every one of them once."""
    return sorted({one for one in words if one is not None})
