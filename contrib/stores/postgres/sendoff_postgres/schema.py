"""The journal's place in the database: made whole, looked at before it is touched, migrated in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sendoff import Opened, StoreRefused

from sendoff_postgres.connection import Connection, connect, place_of
from sendoff_postgres.errors import in_our_words
from sendoff_postgres.place import MARK, mark, marked
from sendoff_postgres.settings import PostgresSettings
from sendoff_postgres.statements import migrations

_LOCK = 0x73656E64  # "send": whoever makes or migrates a journal in this database waits for whoever does so now
_TABLES = ("journal", "counter", "writer", "operation", "checkpoint", "event", "todo", "note")
_OLDEST = 140000  # PostgreSQL: the oldest that is still kept up by its makers


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSchema:
    """One schema of one database. A small file in the state folder holds its journal's id and its own name.

    settings: with a schema. own: nobody has chosen its name, so it is this folder's alone.
    """

    settings: PostgresSettings
    folder: Path
    machine: str
    own: bool

    def prepare(self, *, adopt: bool = False) -> Opened:
        """Make, check or migrate it; or ``StoreRefused``, the schema untouched. adopt: another machine's is taken over."""
        known, _ = marked(self.folder)
        with self._alone() as connection:
            self._refuse_server(connection)
            opened = self._opened(connection, known, adopt=adopt)
        if not known:
            mark(self.folder, opened.journal, self.settings.schema_)
        return opened

    def drop(self) -> None:
        """Remove the folder's journal, all of it or nothing. A schema whose name somebody chose stays, empty: it may have been made by somebody else."""
        known, _ = marked(self.folder)
        with self._alone() as connection:
            if known and self._is_there(connection, "journal"):
                self._refuse_other(self._facts(connection)["id"], "", known, adopt=False)
                connection.execute(sql.SQL("drop table {}").format(sql.SQL(", ").join(map(sql.Identifier, _TABLES))))
                if self.own:
                    with suppress(psycopg.errors.DependentObjectsStillExist), connection.transaction():
                        connection.execute(sql.SQL("drop schema {}").format(sql.Identifier(self.settings.schema_)))

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction in which nobody else makes, migrates or drops a journal in this schema."""
        try:
            with connect(self.settings) as connection, connection.transaction():
                connection.execute("set local statement_timeout = 0")  # whoever migrates much takes his time, and the others wait
                connection.execute("select pg_advisory_xact_lock(%s, hashtext(%s))", (_LOCK, self.settings.schema_))
                yield connection
        except psycopg.Error as cause:
            raise in_our_words(cause, self._place) from cause

    def _opened(self, connection: Connection, known: str, *, adopt: bool) -> Opened:
        if self._is_there(connection, "journal"):
            return self._looked_at(connection, known, adopt=adopt)
        if known:
            raise StoreRefused(
                f"{self._place} holds no journal, and journal {known} belongs to {self.folder}; look at [store] dsn and schema, or put a backup of it back",
                hint=f"to begin with an empty queue instead, remove {self.folder / MARK}",
            )
        if self._is_there(connection, "operation"):
            raise StoreRefused(f"{self._place} is used for something else", hint="name another in [store] schema")
        return self._made(connection)

    # -- a new one ----------------------------------------------------------------------------------------------------

    def _made(self, connection: Connection) -> Opened:
        if not connection.execute("select 1 from pg_namespace where nspname = %s", (self.settings.schema_,)).fetchone():
            connection.execute(sql.SQL("create schema {}").format(sql.Identifier(self.settings.schema_)))
        journal = str(uuid.uuid4())
        self._migrate(connection, 0)
        self._say(connection, {"id": journal, "machine": self.machine})
        return Opened(journal=journal, schema=len(migrations()), machine=self.machine)

    # -- one that is there --------------------------------------------------------------------------------------------

    def _looked_at(self, connection: Connection, known: str, *, adopt: bool) -> Opened:
        facts = self._facts(connection)
        schema, machine = int(facts["schema"]), facts.get("machine", "")
        if schema > len(migrations()):
            raise StoreRefused(
                f"{self._place} was written by a newer sendoff: its schema is {schema}, and this one knows {len(migrations())}; it was not touched",
                hint="upgrade sendoff and sendoff-postgres, both from the same checkout",
            )
        self._refuse_other(facts["id"], machine, known, adopt=adopt)
        if schema < len(migrations()):
            self._migrate(connection, schema)
        if adopt and self.machine:
            machine = self.machine
            self._say(connection, {"machine": machine})
        return Opened(journal=facts["id"], schema=len(migrations()), machine=machine)

    def _facts(self, connection: Connection) -> dict[str, str]:
        facts = dict(connection.execute("select name, value from journal").fetchall())
        if not {"id", "schema"} <= facts.keys():
            raise StoreRefused(f"{self._place} is not a journal of sendoff", hint="name another in [store] schema")
        return facts

    def _refuse_other(self, journal: str, machine: str, known: str, *, adopt: bool) -> None:
        if known and known != journal:
            raise StoreRefused(
                f"{self._place} holds journal {journal}, and journal {known} belongs to {self.folder}; look at [store] dsn and schema",
                hint=f"to go on with the one that is there, remove {self.folder / MARK}",
            )
        if not adopt and machine and self.machine and machine != self.machine:
            raise StoreRefused(
                f"{self._place} belongs to another machine ({machine}; this is {self.machine}), which may still be sending from it",
                hint="give this machine a schema of its own with [store] schema; or, when no host runs there any more and the files are here at the same "
                "paths, take it over: sendoff host start --adopt",
                machine=machine,
            )

    def _refuse_server(self, connection: Connection) -> None:
        if connection.info.server_version < _OLDEST:
            raise StoreRefused(f"{self._place}: PostgreSQL {connection.info.server_version // 10000} is too old; it must be 14 or newer")
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreRefused(f"{self._place}: the database is encoded in {encoding}", hint="make one: createdb --encoding=UTF8 --template=template0 NAME")

    # -- both ---------------------------------------------------------------------------------------------------------

    @property
    def _place(self) -> str:
        return place_of(self.settings)

    def _is_there(self, connection: Connection, table: str) -> bool:
        asked = (self.settings.schema_, table)
        looked = "select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace where nspname = %s and relname = %s"
        return connection.execute(looked, asked).fetchone() is not None

    def _migrate(self, connection: Connection, schema: int) -> None:
        """To the newest schema, in the caller's transaction: whoever dies in it leaves the old one."""
        for script in migrations()[schema:]:
            connection.execute(script.encode())
        self._say(connection, {"schema": str(len(migrations()))})

    def _say(self, connection: Connection, facts: dict[str, str]) -> None:
        for fact in facts.items():
            connection.execute("insert into journal (name, value) values (%s, %s) on conflict (name) do update set value = excluded.value", fact)
