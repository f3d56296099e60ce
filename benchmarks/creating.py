"""Uploads handed over by the thousand, against the same rows written straight into the same tables."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sendoff.desk.client import DeskClient
from sendoff.desk.contract import SLICE
from sendoff.desk.place import find_place
from sendoff.errors import SendoffError
from sendoff.model.operation import Request

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.workshop import Workshop

COUNT = 20_000


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    sources = shop.files("many", COUNT, 64)
    requests = [Request(source=str(path), destination=f"http://127.0.0.1:9/many/{path.name}") for path in sources]

    def desk() -> float:
        with shop.host():
            return timed(lambda: _create(shop, requests))

    desk()
    journal = Journal.read(_journal(shop.state))
    turns = {"desk": desk, "raw": lambda: timed(lambda: journal.write(shop.folder / "raw.db"))}
    figures = interleaved(rounds, turns)
    yield compared(
        f"{COUNT:,} durable creates",
        ("over the desk", "executemany"),
        figures["desk"],
        figures["raw"],
        speed=True,
        shown=lambda seconds: f"{COUNT / seconds:,.0f}/s",
        at_least=0.15,
        note=f"each checked, its file looked at, its row and event synced, its id answered; executemany: the same rows and indexes, {SLICE:,} a synced commit",
    )


def _create(shop: Workshop, requests: Sequence[Request]) -> None:
    client = DeskClient(find_place(shop.environment), environment=shop.environment, spawn=False)
    answers = list(client.create(requests, start=False))
    refused = [answer for answer in answers if isinstance(answer, SendoffError)]
    if refused or len(answers) != COUNT:
        raise RuntimeError(f"{len(answers)} answers, {len(refused)} refused: {refused[:1]}")


def _journal(state: Path) -> Path:
    """The one database in a state folder."""
    (found,) = [path for path in state.iterdir() if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"]
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """What a journal holds, ready to be written again. page: bytes. schema: statements. tables: the statement that fills it, and its rows."""

    page: int
    schema: Sequence[str]
    tables: Sequence[tuple[str, Sequence[tuple[object, ...]]]]

    @classmethod
    def read(cls, path: Path) -> Journal:
        """Everything in a journal whose host is gone."""
        with closing(sqlite3.connect(path)) as database:
            schema = [row[0] for row in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'index'")]
            names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            page = int(database.execute("PRAGMA page_size").fetchone()[0])
            tables = [_table(database, name) for name in names]
        if max(len(rows) for _, rows in tables) < COUNT:
            raise RuntimeError(f"{path} does not hold what was created")
        own = [statement for statement in schema if "sqlite_sequence" not in statement]
        return cls(page=page, schema=own, tables=[(fill, rows) for fill, rows in tables if rows and "sqlite_sequence" not in fill])

    def write(self, path: Path) -> None:
        """The same rows in the same tables with the same indexes, each slice a synced transaction."""
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            for pragma in (f"page_size = {self.page}", "auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = FULL"):
                database.execute(f"PRAGMA {pragma}")
            for statement in self.schema:
                database.execute(statement)
            slices = -(-COUNT // SLICE)
            for number in range(slices):
                database.execute("BEGIN IMMEDIATE")
                for fill, rows in self.tables:
                    database.executemany(fill, rows[len(rows) * number // slices : len(rows) * (number + 1) // slices])
                database.execute("COMMIT")


def _table(database: sqlite3.Connection, name: str) -> tuple[str, list[tuple[object, ...]]]:
    columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
    listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    return f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', database.execute(f'SELECT {listed} FROM "{name}"').fetchall()
