"""A damaged journal, read as far as it can be. Only a copy of it is ever opened."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from sendoff import StoreRefused

from sendoff_sqlite.connection import connect
from sendoff_sqlite.disk import remove
from sendoff_sqlite.statements import migrations, statements_of

Row = tuple[Any, ...]
PAGE = 4096  # bytes of a page in every journal that was ever made
_HEAD = 100  # bytes of the file's header (SQLite, "Database File Format" 1.3)
_SIZE, _FREE = slice(28, 32), slice(32, 40)  # how many pages there are; the list of unused ones
_SALTS = slice(8, 16)  # of a frame in the log; the head of the log has them at 16 (4.1)
_LOG_HEAD, _FRAME_HEAD = 32, 24
_MOST_STEPS = 2_000_000  # places that are tried one by one where nothing can be read
_BEYOND = 10_000  # places that are tried after the last one that is known


class Wreck:
    """The copy, and a connection to it. torn: its newest changes may be missing.

    journal: the damaged file. scratch: where the copy goes. whole: a sound journal with nothing in it, whose first page tells where everything begins.
    """

    def __init__(self, journal: Path, scratch: Path, whole: Path) -> None:
        self._journal, self._scratch = journal, scratch
        self.torn = False
        self._first = whole.read_bytes()[:PAGE]
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Wreck:
        for grafted, logged in ((False, True), (True, True), (False, False), (True, False)):
            self._copy(grafted=grafted, logged=logged)
            with suppress(sqlite3.DatabaseError):
                self._connection = self._opened()
                self.torn = self.torn or (not logged and _length(_log_of(self._journal)) > 0)
                return self
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()
        remove(self._scratch)

    def sound(self) -> bool:
        """Whether nothing is wrong with it as it is, nor missing at the end of its log."""
        self._copy(grafted=False, logged=True)
        with suppress(sqlite3.DatabaseError), closing(self._opened()) as connection:
            return not self.torn and [row[0] for row in connection.execute("pragma integrity_check(1)")] == ["ok"]
        return False

    # -- what is in it ------------------------------------------------------------------------------------------------

    def numbered(self, columns: str, table: str, key: str, known: int) -> Iterator[Row | None]:
        """Rows by their number, which is the first column, ascending; None for each place where one may have been. known: the highest number known of."""
        at, steps = 0, 0
        while steps < _MOST_STEPS:
            try:
                for row in self._execute(f"select {columns} from {table} where {key} > ? order by {key}", (at,)):
                    if not isinstance(row[0], int) or row[0] <= at:
                        raise sqlite3.DatabaseError("out of order")
                    at = row[0]
                    yield row
                return
            except sqlite3.DatabaseError:
                known = known or at + _BEYOND
                if at >= known:
                    return
                at, steps = at + 1, steps + 1
                yield None

    def keyed(self, columns: str, table: str, key: str) -> Iterator[Row]:
        """Rows by their key: from the front to where nothing can be read, and from the back."""
        seen: set[Row] = set()
        size = key.count(",") + 1
        for order in (key, ", ".join(f"{name} desc" for name in key.split(", "))):
            with suppress(sqlite3.DatabaseError):
                for row in self._execute(f"select {columns} from {table} order by {order}", ()):
                    if row[:size] in seen:
                        return
                    seen.add(row[:size])
                    yield row

    def broken(self, table: str) -> bool:
        """Whether something of a table cannot be read."""
        return self._quietly(lambda: sum(0 for _ in self._execute(f"select * from {table}", ())), default=None) is None

    def pairs(self, columns: str, table: str, index: str) -> Iterator[Row]:
        """What an index alone knows, in its order."""
        for order in ("", " desc"):
            with suppress(sqlite3.DatabaseError):
                yield from self._execute(f"select {columns} from {table} indexed by {index} order by 1{order}", ())

    def highest(self, table: str) -> int:
        """The highest number that a table ever gave; 0 when nobody knows."""
        found = self._quietly(lambda: self._execute("select seq from sqlite_sequence where name = ?", (table,)).fetchone(), default=None)
        return int(found[0]) if found and isinstance(found[0], int) else 0

    def _execute(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        if self._connection is None:
            raise sqlite3.DatabaseError("nothing can be read")
        return self._connection.execute(sql, values)

    @staticmethod
    def _quietly(ask: Callable[[], Any], *, default: Any) -> Any:
        try:
            return ask()
        except sqlite3.DatabaseError:
            return default

    # -- the copy -----------------------------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        connection = connect(self._scratch)
        try:
            connection.execute("pragma cell_size_check = on")
            connection.execute("pragma trusted_schema = off")
            self._look_at_log(connection)
            _bring_up_to_date(connection)
            names = {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}
            if not {"operation", "event", "checkpoint", "todo", "note"} <= names:
                raise sqlite3.DatabaseError("no table of a journal is in it")
        except BaseException:
            connection.close()
            raise
        return connection

    def _look_at_log(self, connection: sqlite3.Connection) -> None:
        """A frame that belongs to the log and is not taken for whole: what it held is lost, and what came after it."""
        log = _log_of(self._scratch)
        size = _length(log)
        _, frames, _ = connection.execute("pragma wal_checkpoint(passive)").fetchone()
        following = _LOG_HEAD + max(frames, 0) * (_FRAME_HEAD + PAGE)
        if size > following:
            with log.open("rb") as file:
                salts = file.read(_LOG_HEAD)[16:24]
                file.seek(following)
                self.torn = file.read(_FRAME_HEAD)[_SALTS] == salts

    def _copy(self, *, grafted: bool, logged: bool) -> None:
        remove(self._scratch)
        shutil.copyfile(self._journal, self._scratch)
        self._scratch.chmod(0o600)
        if logged and _log_of(self._journal).exists():
            shutil.copyfile(_log_of(self._journal), _log_of(self._scratch))
        if grafted:
            self._graft()

    def _graft(self) -> None:
        """A first page that is lost is the same in every journal but for the size of the file."""
        pages = max(1, _length(self._scratch) // PAGE)
        first = bytearray(self._first)
        first[_SIZE], first[_FREE] = pages.to_bytes(4, "big"), bytes(8)
        first[92:96] = first[24:28]
        with self._scratch.open("r+b") as file:
            file.write(first)


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    """What an older one lacks is added, as far as that can be done to a damaged one."""
    (schema,) = connection.execute("pragma user_version").fetchone()
    if schema > len(migrations()):
        raise StoreRefused("the journal was written by a newer sendoff; nothing was touched", hint="upgrade sendoff, and save it with that one")
    for script in migrations()[max(schema, 1) :]:
        for statement in statements_of(script):
            with suppress(sqlite3.DatabaseError):
                connection.execute(statement)


def _log_of(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}-wal")


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
