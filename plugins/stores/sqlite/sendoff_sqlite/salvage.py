"""Saving what can be read of a damaged journal into a new one."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sendoff import Record, Salvage, StoreRefused

from sendoff_sqlite.connection import connect
from sendoff_sqlite.disk import remove, sync, write_whole
from sendoff_sqlite.errors import translated
from sendoff_sqlite.file import JournalFile
from sendoff_sqlite.row import COLUMNS, FIELDS, Row, event_of, record_of, row_of, text_of
from sendoff_sqlite.wreck import Wreck

_EVENT = "seq, id, time, type, operation, batch, round, data"
_CHECKPOINT = "number, session, confirmed, prefix_length, prefix_crc"
_TODO = "about, kind, payload, due, tries, version"
_NOTE = "kind, key, value, version"
_BEYOND = 1_000_000  # numbers that are passed over where nobody knows which were given
_LOST_HOST = "salvaged"  # the owner of what may have been sent: whoever opens the journal next finds a try that nobody settled


class Rescue:
    """Makes the new journal of one damaged one, in the same folder."""

    def __init__(self, journal: JournalFile) -> None:
        self._journal = journal
        self._saved_file = journal.folder / "journal.saved"  # whole, and not yet in its place
        self._saved: Counter[str] = Counter()
        self._unreadable: Counter[str] = Counter()
        self._uncertain: list[str] = []
        self._ids: dict[int, str] = {}
        self._told_of: set[str] = set()

    def run(self) -> Salvage:
        """The new journal is in its place when this returns."""
        with translated(self._journal.path), _told_of_the_disk(self._journal.path):
            remove(self._scratch)
            if not self._journal.path.exists():
                return self._finish_what_was_begun()
            empty = self._journal.folder / "journal.empty.new"
            try:
                self._make(empty, self._journal.marked() or "unknown")
                return self._run(empty)
            finally:
                remove(empty)
                remove(self._scratch)

    @property
    def _scratch(self) -> Path:
        return self._journal.folder / "journal.wreck.new"

    def _run(self, empty: Path) -> Salvage:
        wreck = Wreck(self._journal.path, self._scratch, empty)
        if wreck.sound():
            return Salvage(journal=self._journal.marked(), saved={}, unreadable={})
        with wreck:
            facts = {row[0]: row[1] for row in wreck.keyed("name, value", "journal", "name") if all(isinstance(one, str) for one in row)}
            name = self._journal.marked() or facts.get("id") or ""
            if not name:
                raise self._nothing()
            self._make(self._saved_file, name, machine=facts.get("machine"))
            lost = self._save(wreck)
        if not self._saved:
            remove(self._saved_file)
            raise self._nothing()
        sync(self._saved_file)
        kept = self._change_places(f"journal.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.db")
        return Salvage(
            journal=name, kept=str(kept), saved=dict(self._saved), unreadable=dict(self._unreadable), lost=tuple(lost), uncertain=tuple(self._uncertain)
        )

    def _nothing(self) -> StoreRefused:
        return StoreRefused(
            f"nothing in {self._journal.path} can be read any more; it was left as it is",
            hint=f"put a backup in its place; or begin anew: move it away, and remove {self._journal.mark}",
        )

    def _make(self, draft: Path, name: str, *, machine: str | None = None) -> None:
        remove(draft)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        owner = self._journal if machine is None else replace(self._journal, machine=machine)
        owner.fill(draft, name)

    # -- row by row ---------------------------------------------------------------------------------------------------

    def _save(self, wreck: Wreck) -> list[str]:
        """Everything that can be read and makes sense; the ids of operations that others know of and their table does not."""
        with closing(connect(self._saved_file)) as new:
            new.execute("pragma journal_mode = delete")
            new.execute("begin")
            self._keep(new, "operation", f"{COLUMNS}, file", self._operations(wreck))
            self._keep(new, "event", _EVENT, self._events(wreck))
            self._keep(new, "checkpoint", _CHECKPOINT, self._checkpoints(wreck))
            self._keep(new, "todo", _TODO, self._keyed(wreck, "todo", _TODO, "about, kind", document=2))
            self._keep(new, "note", _NOTE, self._keyed(wreck, "note", _NOTE, "kind, key", document=2))
            lost = self._lost(wreck)
            self._go_on_counting(new, wreck, lost)
            new.execute("commit")
            new.execute("pragma journal_mode = wal")
        return sorted({*lost.values(), *self._told_of} - set(self._ids.values()))  # what is told of an operation is forgotten with it

    def _keep(self, new: sqlite3.Connection, table: str, columns: str, rows: Iterable[Row | None]) -> None:
        marks = ", ".join("?" for _ in columns.split(","))
        for row in rows:
            if row is None:
                self._unreadable[table] += 1
                continue
            try:
                new.execute(f"insert into {table} ({columns}) values ({marks})", row)
            except sqlite3.IntegrityError:  # a second one with the same name
                self._unreadable[table] += 1
            else:
                self._saved[table] += 1

    def _operations(self, wreck: Wreck) -> Iterator[Row | None]:
        for row in wreck.numbered(COLUMNS, "operation", "number", wreck.highest("operation")):
            record = None if row is None else _record(row)
            if record is None:
                yield None
                continue
            self._ids[record.number] = record.id
            if wreck.torn and record.open and not record.spec.repeatable:
                record = self._not_again(record)
            yield row_of(record, record.number, text_of(record.spec))

    def _not_again(self, record: Record) -> Record:
        """The newest changes are missing: that it went out may have been among them, and it must not go out twice."""
        self._uncertain.append(record.id)
        return replace(record, point=True, owner=record.owner or _LOST_HOST, version=record.version + 1)

    def _events(self, wreck: Wreck) -> Iterator[Row | None]:
        for row in wreck.numbered(_EVENT, "event", "seq", wreck.highest("event")):
            good = row is not None and all(isinstance(row[place], str) for place in (1, 3, 4, 5)) and all(isinstance(row[place], int) for place in (2, 6))
            event = _makes_sense(event_of, row) if good else None
            if event is not None and event.operation:
                self._told_of.add(event.operation)
            yield None if event is None else row

    def _checkpoints(self, wreck: Wreck) -> Iterator[Row | None]:
        for row in wreck.numbered(_CHECKPOINT, "checkpoint", "number", max(self._ids, default=0)):
            good = row is not None and isinstance(row[1], bytes | None) and isinstance(row[2], int) and all(isinstance(one, int | None) for one in row[3:])
            if row is None or row[0] in self._ids or not good:  # one without its operation is of no use
                yield row if good else None

    def _keyed(self, wreck: Wreck, table: str, columns: str, key: str, *, document: int) -> Iterator[Row | None]:
        for row in wreck.keyed(columns, table, key):
            good = all(isinstance(one, str) for one in row[:3]) and all(isinstance(one, int) for one in row[3:])
            yield row if good and _makes_sense(json.loads, row[document]) else None
        if wreck.broken(table):
            self._unreadable[table] += 1

    def _lost(self, wreck: Wreck) -> dict[int, str]:
        found = wreck.pairs("id, number", "operation", "operation_by_id")
        return {number: id for id, number in found if isinstance(id, str) and isinstance(number, int) and number not in self._ids}

    def _go_on_counting(self, new: sqlite3.Connection, wreck: Wreck, lost: dict[int, str]) -> None:
        """No number is given twice, and no sink waits for a seq that was passed."""
        for table, known in (("operation", max([*self._ids, *lost], default=0)), ("event", 0)):
            (most,) = new.execute(f"select coalesce(max(rowid), 0) from {table}").fetchone()
            number = max(wreck.highest(table), known, most + (_BEYOND if wreck.torn or self._unreadable[table] else 0))
            new.execute("delete from sqlite_sequence where name = ?", (table,))
            new.execute("insert into sqlite_sequence (name, seq) values (?, ?)", (table, number))

    # -- into its place -----------------------------------------------------------------------------------------------

    def _change_places(self, name: str) -> Path:
        """The damaged one and its log get their new name first: at no moment can the log of one be taken for the other's."""
        journal, kept = self._journal.path, self._journal.folder / name
        for end in ("", "-wal"):
            with suppress(FileNotFoundError):
                os.rename(f"{journal}{end}", f"{kept}{end}")
        for end in ("-wal", "-shm"):
            Path(f"{self._saved_file}{end}").unlink(missing_ok=True)
        Path(f"{journal}-shm").unlink(missing_ok=True)
        sync(self._journal.folder)
        os.rename(self._saved_file, journal)
        with closing(connect(journal, mode="ro")) as connection:
            (id,) = connection.execute("select value from journal where name = 'id'").fetchone()
        if self._journal.marked() != id:
            write_whole(self._journal.mark, f"{id}\n".encode())
        sync(self._journal.folder)
        return kept

    def _finish_what_was_begun(self) -> Salvage:
        """Somebody died between the two names."""
        damaged = sorted(self._journal.folder.glob("journal.damaged-*.db"))
        if not (damaged and self._saved_file.exists()):
            raise StoreRefused(f"there is no {self._journal.path}", hint="put a backup of it in its place")
        with closing(connect(self._saved_file, mode="ro")) as connection:
            saved = {table: connection.execute(f"select count(*) from {table}").fetchone()[0] for table in ("operation", "event", "checkpoint", "todo", "note")}
        return Salvage(journal=self._journal.marked(), kept=str(self._change_places(damaged[-1].name)), saved=saved, unreadable={})


@contextmanager
def _told_of_the_disk(journal: Path) -> Iterator[None]:
    """Inside, what the disk refuses becomes ``StoreRefused``."""
    try:
        yield
    except OSError as cause:
        raise StoreRefused(f"{journal} could not be saved: {cause.strerror or cause}", hint="it takes room for two more of its size") from cause


def _record(row: Row) -> Record | None:
    texts = {"id", "batch", "lane", "site", "spec", "tally"}
    if any(not isinstance(value, str) for name, value in zip(FIELDS, row, strict=True) if name in texts) or not row[FIELDS.index("id")]:
        return None
    found: Record | None = _makes_sense(record_of, row)
    return found


def _makes_sense(read: Any, value: Any) -> Any:
    try:
        return read(value)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
