"""The journal's file: made whole, looked at before it is touched, migrated with a copy kept."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sendoff import Opened, StoreRefused

from sendoff_sqlite.connection import connect
from sendoff_sqlite.disk import publish, remove, sync, write_whole
from sendoff_sqlite.errors import KEPT, translated
from sendoff_sqlite.place import check_file
from sendoff_sqlite.statements import migrations, statements_of

APPLICATION = 0x73656E64  # "send", so that file(1) and we know our own
_MAGIC = b"SQLite format 3\0"
_CHECKED_WHOLE = 8 * 2**20  # bytes up to which every page is checked when it opens: a few milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFile:
    """A folder's journal. A small file beside it holds its id, so that a journal that vanished is missed."""

    folder: Path
    machine: str

    @property
    def path(self) -> Path:
        """The database."""
        return self.folder / "journal.db"

    @property
    def mark(self) -> Path:
        """The file that remembers which journal belongs here."""
        return self.folder / "journal.id"

    def prepare(self, *, adopt: bool = False) -> Opened:
        """Make, check or migrate the file; or ``StoreRefused``, the file untouched. adopt: another machine's is taken over."""
        marked = self.mark.exists()  # asked first: the mark is made after the journal
        if not self.path.exists():
            self._make(missed=marked)
        check_file(self.path)
        with translated(self.path):
            found = self._look()
            self._refuse_other(found, adopt=adopt)
            if found.schema < len(migrations()):
                found = self._migrate()
            if adopt and self.machine:
                found = self._take_over(found)
        if not self.mark.exists():
            write_whole(self.mark, f"{found.journal}\n".encode())
        return found

    # -- a new one ----------------------------------------------------------------------------------------------------

    def _make(self, *, missed: bool) -> None:
        if missed:
            raise StoreRefused(
                f"{self.path} is gone, and with it journal {self.marked()}; put the file or a backup of it back",
                hint=f"to begin with an empty queue instead, remove {self.mark}",
            )
        draft = self.folder / f"journal.{uuid.uuid4().hex}.new"
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with translated(self.path):
                self.fill(draft, str(uuid.uuid4()))
            sync(draft)
            publish(draft, self.path)
        except OSError as cause:
            raise StoreRefused(f"{self.path} cannot be made: {cause.strerror}") from cause
        finally:
            remove(draft)
        sync(self.folder)

    def fill(self, draft: Path, journal: str) -> None:
        """Make an empty file a journal with this id, with nothing in it."""
        with closing(connect(draft)) as connection:
            connection.execute("pragma auto_vacuum = incremental")
            connection.execute("begin")
            _run(connection, migrations())
            facts = [("id", journal), ("machine", self.machine)]
            connection.executemany("insert into journal (name, value) values (?, ?)", facts)
            connection.execute("commit")
            connection.execute("pragma journal_mode = wal")

    # -- one that is there --------------------------------------------------------------------------------------------

    def _look(self) -> Opened:
        """What it says of itself, read without changing a byte of it."""
        self._refuse_foreign()
        with closing(connect(self.path, mode="ro")) as connection:
            application = connection.execute("pragma application_id").fetchone()[0]
            schema = connection.execute("pragma user_version").fetchone()[0]
            if application != APPLICATION or schema < 1:
                raise StoreRefused(f"{self.path} is not a journal of sendoff", hint="move it away, or name another folder with --state-dir")
            if schema > len(migrations()):
                raise StoreRefused(
                    f"{self.path} was written by a newer sendoff: its schema is {schema}, and this one knows {len(migrations())}; it was not touched",
                    hint="upgrade sendoff and sendoff-sqlite, both from the same checkout",
                )
            if self.path.stat().st_size <= _CHECKED_WHOLE:
                self._refuse_damaged(connection)
            facts = dict(connection.execute("select name, value from journal").fetchall())
        if "id" not in facts:
            raise StoreRefused(f"{self.path} is damaged: it does not say which journal it is", hint=KEPT)
        return Opened(journal=facts["id"], schema=schema, machine=facts.get("machine", ""))

    def _refuse_foreign(self) -> None:
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            head = file.read(100)
        if size == 0:
            raise StoreRefused(f"{self.path} is empty: its content is lost", hint=KEPT)
        if len(head) < 100 or not head.startswith(_MAGIC):
            raise StoreRefused(f"{self.path} is damaged: it does not begin like a journal", hint=KEPT)

    def _refuse_damaged(self, connection: sqlite3.Connection) -> None:
        verdict = connection.execute("pragma quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StoreRefused(f"{self.path} is damaged: {' '.join(verdict.split())}", hint=KEPT)

    def _refuse_other(self, found: Opened, *, adopt: bool) -> None:
        if self.mark.exists() and self.marked() != found.journal:
            raise StoreRefused(
                f"{self.path} is journal {found.journal}, and journal {self.marked()} belongs in this folder; put that one back",
                hint=f"to go on with the one that is there, remove {self.mark}",
            )
        if not adopt and found.machine and self.machine and found.machine != self.machine:
            raise StoreRefused(
                f"{self.path} belongs to another machine ({found.machine}; this is {self.machine}), which may still be sending from it",
                hint="give this machine a folder of its own with SENDOFF_STATE_DIR, and let that machine finish what is queued there; or, when no host runs "
                "there any more and the files are here at the same paths, take it over: sendoff host start --adopt",
                machine=found.machine,
            )

    def marked(self) -> str:
        """Which journal belongs here; empty when nothing says so."""
        if not self.mark.exists():
            return ""
        return self.mark.read_text(encoding="utf-8", errors="replace").strip()

    def _take_over(self, found: Opened) -> Opened:
        with closing(connect(self.path)) as connection:
            connection.execute("insert or replace into journal (name, value) values ('machine', ?)", (self.machine,))
        return Opened(journal=found.journal, schema=found.schema, machine=self.machine)

    # -- an older one -------------------------------------------------------------------------------------------------

    def _migrate(self) -> Opened:
        """To the newest schema in one transaction; whoever dies in it leaves the old one, and the copy is never half."""
        with closing(connect(self.path)) as connection:
            connection.execute("pragma synchronous = full")
            with _immediate(connection):
                schema = connection.execute("pragma user_version").fetchone()[0]
                if schema < len(migrations()):
                    self._copy(schema)
                    _run(connection, migrations()[schema:], first=schema + 1)
        return self._look()

    def _copy(self, schema: int) -> None:
        """The file as it is now, beside it; the lock that the migration holds keeps it still, and this copy the only one."""
        draft = self.folder / "journal.copy.new"
        remove(draft)  # of somebody who died here
        try:
            os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(connect(self.path, mode="ro")) as source, closing(connect(draft)) as target:
                source.backup(target)
                target.execute("pragma journal_mode = delete")
            sync(draft)
            draft.replace(self.folder / f"journal.schema-{schema}.backup")
        finally:
            remove(draft)
        sync(self.folder)


@contextmanager
def _immediate(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _run(connection: sqlite3.Connection, scripts: list[str], *, first: int = 1) -> None:
    """Statement by statement: ``executescript`` would commit in between."""
    for script in scripts:
        for statement in statements_of(script):
            connection.execute(statement)
    connection.execute(f"pragma application_id = {APPLICATION}")
    connection.execute(f"pragma user_version = {first + len(scripts) - 1}")
