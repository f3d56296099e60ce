"""The journal: a store in one schema of a PostgreSQL database."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from sendoff import (
    Checkpoint,
    Event,
    Lane,
    Moment,
    Note,
    Opened,
    Page,
    Purging,
    Query,
    Record,
    Reply,
    Retention,
    Salvage,
    Salvaging,
    SendoffError,
    Store,
    StoreRefused,
    Todo,
    Toolkit,
    Unit,
)

from sendoff_postgres.history import History
from sendoff_postgres.place import MACHINE_FILES, machine_id, marked, own_schema
from sendoff_postgres.row import is_text, record_of
from sendoff_postgres.search import Search, askable
from sendoff_postgres.settings import PostgresSettings
from sendoff_postgres.statements import Statements
from sendoff_postgres.trimmer import Trimmer
from sendoff_postgres.writer import Writing

if TYPE_CHECKING:
    from sendoff_postgres.connection import Connection, Connections
    from sendoff_postgres.schema import JournalSchema

_ENOUGH = 500  # so many due in a lane: cheaper to walk it by rank than to sort them
_OUTCOME = 60.0  # seconds longer that a server is waited for which may have committed and did not say so
_UNKNOWN = "when the server is back, look with `sendoff list --all` before you repeat it"


class PostgresStore(Store, Purging, Salvaging):
    """Keeps the journal in a schema of its own: one transaction at a time writes, in whatever process, and a few connections read."""

    Settings = PostgresSettings
    settings: PostgresSettings
    files = ("journal.id",)
    machine_files: Sequence[Path] = MACHINE_FILES

    def __init__(self, settings: Any, toolkit: Toolkit) -> None:
        super().__init__(settings, toolkit)
        self._writing = Lock()
        self._connections: Connections | None = None

    def open(self) -> Opened:
        return self._open(adopt=False)

    def adopt(self) -> Opened:
        return self._open(adopt=True)

    def recover(self) -> Salvage:
        """A sound journal is left as it is; of a damaged one the server's own tools save what there is. Errors: ``StoreRefused``."""
        return Salvage(journal=self.open().journal, saved={}, unreadable={})

    def purge(self) -> None:
        self.close()
        self._place().drop()

    def _open(self, *, adopt: bool) -> Opened:
        from sendoff_postgres.connection import Connections  # here: a driver's class is looked at often, and psycopg is heavy

        self.close()
        place = self._place()
        opened = place.prepare(adopt=adopt)
        self._sql = Statements("write", "queue", "read", "trim")
        self._search, self._history, self._trimmer = Search(self._sql), History(self._sql), Trimmer(self._sql)
        self._name = uuid.uuid4()
        self._connections = Connections(place.settings)
        return opened

    def _place(self) -> JournalSchema:
        from sendoff_postgres.schema import JournalSchema  # here: as above

        machine, folder = machine_id(self.machine_files), self.toolkit.folder
        _, known = marked(folder)
        chosen = self.settings.schema_
        settings = self.settings.model_copy(update={"schema_": chosen or known or own_schema(folder, machine)})
        return JournalSchema(settings=settings, folder=folder, machine=machine, own=not chosen)

    # -- writing ------------------------------------------------------------------------------------------------------

    def commit(self, units: Sequence[Unit], *, synced: bool) -> Sequence[Sequence[Reply]]:
        with self._writing:
            writing = Writing(units, self._sql_when_open(), name=self._name, synced=synced)
            try:
                return self._open_connections().run(writing, insists=lambda: _OUTCOME if writing.uncertain else 0.0)
            except StoreRefused as error:
                if not writing.uncertain:
                    raise
                raise StoreRefused(f"{error.message}; whether this was stored is not known", hint=_UNKNOWN) from error

    def trim(self, keep: Retention, *, limit: int) -> int:
        with self._writing:
            return self._open_connections().run(lambda connection: self._trimmer.forget(connection, keep, limit=limit))

    def _sql_when_open(self) -> Statements:
        self._open_connections()
        return self._sql

    def _open_connections(self) -> Connections:
        if self._connections is None:
            raise StoreRefused("the journal's database is not open; call open() first")
        return self._connections

    # -- operations ---------------------------------------------------------------------------------------------------

    def find(self, query: Query, *, after: str | None = None, limit: int = 100) -> Page[Record]:
        connections, asked = self._open_connections(), askable(query)
        if asked is None:
            return Page(items=[], next=None)
        return connections.run(lambda connection: self._search.page(connection, asked, after=after, limit=limit))

    def checkpoint(self, number: int) -> Checkpoint | None:
        found = self._rows("checkpoint", {"number": number})
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
        if not is_text(lane):
            return []

        def read(connection: Connection) -> list[Any]:
            ((count,),) = connection.execute(self._sql["due_count"], {"lane": lane, "now": now, "enough": _ENOUGH}).fetchall()
            return connection.execute(self._sql["due_by_rank" if count == _ENOUGH else "due_in_lane"], asked).fetchall() if count else []

        return [record_of(row) for row in self._open_connections().run(read)]

    def rank(self, lane: str, *, below: float | None = None) -> float | None:
        rows = self._rows("lowest_rank", {"lane": lane}) if below is None else self._rows("rank_below", {"lane": lane, "below": below})
        return rows[0][0] if rows else None

    def wake(self, now: Moment) -> Moment | None:
        rows = self._rows("wake", {"now": now})
        return rows[0][0] if rows else None

    # -- history, to-dos, notes ---------------------------------------------------------------------------------------

    def events(self, after: int, limit: int, *, query: Query | None = None) -> Sequence[Event]:
        connections, asked = self._open_connections(), askable(query or Query())
        return [] if asked is None else connections.run(lambda connection: self._history.after(connection, after, limit, asked))

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
        rows = self._rows("named_notes", {"kind": kind, "keys": list(filter(is_text, keys))})
        return {row[0]: _note(kind, row) for row in rows}

    # -- reading ------------------------------------------------------------------------------------------------------

    def _rows(self, statement: str, asked: Mapping[str, Any]) -> list[Any]:
        """None where a word is asked for that no row can hold."""
        if not all(map(is_text, asked.values())):
            return []
        return self._open_connections().run(lambda connection: connection.execute(self._sql[statement], asked).fetchall())

    def close(self) -> None:
        with self._writing:
            connections, self._connections = self._connections, None
            if connections is None:
                return
            try:
                connections.run(lambda connection: connection.execute(self._sql["leave"], {"name": self._name}), insists=lambda: -3600.0)
            except SendoffError as error:  # nobody waits for a server that is away in order to take leave of it
                self.toolkit.log.warning("%s", error)
            connections.close()


def _note(kind: str, row: tuple[str, str, int]) -> Note:
    key, value, version = row
    return Note(kind=kind, key=key, value=json.loads(value), version=version)
