"""Forgetting what is past its time, a slice at a time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from sendoff import Retention

from sendoff_sqlite.statements import Statements

_PAGES = 500  # given back to the disk at once: 2 MiB, some milliseconds


class Trimmer:
    """Forgets on a connection that is handed in, inside a transaction of the caller's."""

    def __init__(self, statements: Statements) -> None:
        self._sql = statements

    def forget(self, connection: sqlite3.Connection, keep: Retention, *, limit: int) -> int:
        """Delete a slice of finished operations and whatever belongs to them alone; how many."""
        past = connection.execute(self._sql["past"], {"before": keep.now - keep.finished, "limit": limit}).fetchall()
        numbers, ids, batches, environments = zip(*past, strict=True) if past else ((), (), (), ())

        def delete(statement: str, which: Iterable[object]) -> None:
            connection.execute(self._sql[statement], (json.dumps([one for one in which if one is not None]),))

        if past:
            delete("forget_events", ids)
            delete("forget_checkpoints", numbers)
            delete("forget_operations", numbers)
            delete("forget_batches", set(batches))
            delete("forget_environments", set(environments))
        return len(past)

    def give_back(self, connection: sqlite3.Connection) -> bool:
        """Return a slice of free pages to the disk, outside a transaction; whether there are more."""
        connection.executescript(f"pragma incremental_vacuum({_PAGES})")  # `execute` would take one step, which is one page
        more = bool(connection.execute("pragma freelist_count").fetchone()[0])
        if not more:
            connection.execute("pragma wal_checkpoint(passive)")  # only this shortens the file
        return more
