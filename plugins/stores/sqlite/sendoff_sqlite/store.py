"""The journal: a store in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sendoff import (
    Checkpoint,
    Event,
    Lane,
    Moment,
    Note,
    Opened,
    Page,
    Query,
    Record,
    Reply,
    Retention,
    Salvage,
    Salvaging,
    Store,
    StoreRefused,
    Todo,
    Toolkit,
    Unit,
    size,
)

from sendoff_sqlite.connection import BUSY, Readers, writing
from sendoff_sqlite.errors import translated
from sendoff_sqlite.file import JournalFile
from sendoff_sqlite.history import History
from sendoff_sqlite.place import MACHINE_FILES, MOUNTS, check_folder, machine_id
from sendoff_sqlite.row import record_of
from sendoff_sqlite.salvage import Rescue
from sendoff_sqlite.search import Search
from sendoff_sqlite.statements import Statements
from sendoff_sqlite.trimmer import Trimmer
from sendoff_sqlite.writer import Writer

_ENOUGH = 500  # so many due in a lane: cheaper to walk it by rank than to sort them
_OLDEST = (3, 35, 0)  # SQLite: the first that answers an update with the new values
Answer = TypeVar("Answer")


class SqliteSettings(BaseModel):
    """``[store]``: max_size is how far the journal's file may grow, bytes or ``"512M"``; beyond it ``JournalFull``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_size: Annotated[int, BeforeValidator(size), Field(ge=2**20)] | None = None


class SqliteStore(Store, Salvaging):
    """Keeps the journal in ``journal.db`` in the toolkit's folder: write-ahead log, one connection that writes, a few that read."""

    Settings = SqliteSettings
    files = ("journal.*",)
    machine_files: Sequence[Path] = MACHINE_FILES
    mounts: Path = MOUNTS
    busy: float = BUSY

    def __init__(self, settings: Any, toolkit: Toolkit) -> None:
        super().__init__(settings or SqliteSettings(), toolkit)
        self._file = toolkit.folder / "journal.db"
        self._writing = Lock()
        self._connection: sqlite3.Connection | None = None

    def open(self) -> Opened:
        return self._open(adopt=False)

    def adopt(self) -> Opened:
        return self._open(adopt=True)

    def recover(self) -> Salvage:
        self.close()
        check_folder(self.toolkit.folder, mounts=self.mounts)
        return Rescue(JournalFile(folder=self.toolkit.folder, machine=machine_id(self.machine_files))).run()

    def _open(self, *, adopt: bool) -> Opened:
        if sqlite3.sqlite_version_info < _OLDEST:
            raise StoreRefused(f"SQLite {sqlite3.sqlite_version} is too old for the journal; it needs 3.35 or newer, which a newer Python brings")
        self.close()
        check_folder(self.toolkit.folder, mounts=self.mounts)
        opened = JournalFile(folder=self.toolkit.folder, machine=machine_id(self.machine_files)).prepare(adopt=adopt)
        with translated(self._file):
            self._begin()
        return opened

    def _begin(self) -> None:
        self._sql = Statements("write", "queue", "read", "trim")
        self._search, self._history, self._trimmer = Search(self._sql), History(self._sql), Trimmer(self._sql)
        self._connection = writing(self._file, max_size=self.settings.max_size, busy=self.busy)
        self._readers = Readers(self._file)
        self._writer = Writer(self._connection, self._sql)
        self._synced: bool | None = None

    # -- writing ------------------------------------------------------------------------------------------------------

    def commit(self, units: Sequence[Unit], *, synced: bool) -> Sequence[Sequence[Reply]]:
        with self._transaction(synced=synced):
            return self._writer.apply(units)

    def trim(self, keep: Retention, *, limit: int) -> int:
        with self._transaction(synced=False) as connection:
            count = self._trimmer.forget(connection, keep, limit=limit)
        more = self._give_back()
        while more and not count:  # at the end everything, still in slices, so that others may write in between
            more = self._give_back()
        return count

    def _give_back(self) -> bool:
        with self._writing, translated(self._file):
            return self._trimmer.give_back(self._open_connection())

    @contextmanager
    def _transaction(self, *, synced: bool) -> Iterator[sqlite3.Connection]:
        """All that is written inside, or nothing; the lock of the file is taken at once, so that nothing read inside can change."""
        with self._writing, translated(self._file, most=self.settings.max_size):
            connection = self._open_connection()
            if synced is not self._synced:
                connection.execute(f"pragma synchronous = {'full' if synced else 'normal'}")
                self._synced = synced
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreRefused(f"{self._file} is not open; call open() first")
        return self._connection

    # -- operations ---------------------------------------------------------------------------------------------------

    def find(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[Record]:
        return self._read(lambda connection: self._search.page(connection, query, after=after, limit=limit))

    def checkpoint(self, number: int) -> Checkpoint | None:
        found = self._rows("checkpoint", (number,))
        if not found:
            return None
        session, confirmed, length, crc = found[0]
        return Checkpoint(session=session, confirmed=confirmed, prefix=None if length is None else (length, crc))

    # -- the queue ----------------------------------------------------------------------------------------------------

    def lanes(self, now: Moment, *, after: str | None = None, limit: int = 1000) -> Page[Lane]:
        rows = self._rows("lanes", {"now": now, "after": after or "", "limit": limit + 1})
        return Page(items=[Lane(key=key, since=since) for key, since in rows[:limit]], next=rows[limit - 1][0] if len(rows) > limit else None)

    def due(self, lane: str, now: Moment, limit: int) -> Sequence[Record]:
        asked = {"lane": lane, "now": now, "limit": limit}

        def read(connection: sqlite3.Connection) -> list[Any]:
            (count,) = connection.execute(self._sql["due_count"], {"lane": lane, "now": now, "enough": _ENOUGH}).fetchone()
            return connection.execute(self._sql["due_by_rank" if count == _ENOUGH else "due_in_lane"], asked).fetchall() if count else []

        return [record_of(row) for row in self._read(read)]

    def rank(self, lane: str, *, below: float | None = None) -> float | None:
        rows = self._rows("lowest_rank", {"lane": lane}) if below is None else self._rows("rank_below", {"lane": lane, "below": below})
        return rows[0][0] if rows else None

    def wake(self, now: Moment) -> Moment | None:
        rows = self._rows("wake", {"now": now})
        return rows[0][0] if rows else None

    # -- history, to-dos, notes ---------------------------------------------------------------------------------------

    def events(self, after: int, limit: int, *, query: Query | None = None) -> Sequence[Event]:
        return self._read(lambda connection: self._history.after(connection, after, limit, query or Query()))

    def todos(self, now: Moment, *, kind: str | None = None, limit: int = 100) -> Sequence[Todo]:
        asked = {"now": now, "limit": limit}
        rows = self._rows("todos", asked) if kind is None else self._rows("todos_of_kind", {**asked, "kind": kind})
        return [
            Todo(kind=kind, about=about, payload=json.loads(payload), due=due, tries=tries, version=version)
            for kind, about, payload, due, tries, version in rows
        ]

    def notes(self, kind: str, *, after: str | None = None, limit: int = 1000) -> Page[Note]:
        rows = self._rows("notes", {"kind": kind, "after": after or "", "limit": limit + 1})
        return Page(items=[_note(kind, row) for row in rows[:limit]], next=rows[limit - 1][0] if len(rows) > limit else None)

    def note(self, kind: str, keys: Sequence[str]) -> Mapping[str, Note]:
        rows = self._rows("named_notes", {"kind": kind, "keys": json.dumps(list(keys))})
        return {row[0]: _note(kind, row) for row in rows}

    # -- reading ------------------------------------------------------------------------------------------------------

    def _rows(self, statement: str, asked: Any) -> list[Any]:
        self._open_connection()
        with translated(self._file), self._readers.one() as connection:
            return connection.execute(self._sql[statement], asked).fetchall()

    def _read(self, ask: Callable[[sqlite3.Connection], Answer]) -> Answer:
        """Several statements that see the same moment: what the first finds is still so for the second."""
        self._open_connection()
        with translated(self._file), self._readers.one() as connection:
            connection.execute("begin")
            answer = ask(connection)
            connection.execute("commit")
            return answer

    def close(self) -> None:
        with self._writing:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            self._readers.close()
            with suppress(sqlite3.Error):  # what stays in the write-ahead log is read from there next time
                connection.execute("pragma wal_checkpoint(truncate)")
            connection.close()


def _note(kind: str, row: tuple[str, str, int]) -> Note:
    key, value, version = row
    return Note(kind=kind, key=key, value=json.loads(value), version=version)
