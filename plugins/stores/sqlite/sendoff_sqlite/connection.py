"""Connections to one journal file: one that writes, a few that read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from urllib.parse import quote

BUSY = 10.0  # seconds that one process waits for another's commit
_WAL_KEPT = 64 * 2**20


def connect(file: Path, *, mode: str = "rw", busy: float = BUSY) -> sqlite3.Connection:
    """A connection without transactions of its own; it never makes a file. mode: ``rw`` or ``ro``. busy: seconds to wait for a lock."""
    address = f"file:{quote(str(file.absolute()))}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=busy, isolation_level=None, check_same_thread=False)


def writing(file: Path, *, max_size: int | None, busy: float = BUSY) -> sqlite3.Connection:
    """The connection that writes. max_size: bytes the file may grow to. busy: seconds to wait for another process's commit."""
    connection = connect(file, busy=busy)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma temp_store = memory")
    connection.execute("pragma cache_size = -4000")
    connection.execute(f"pragma journal_size_limit = {_WAL_KEPT}")
    if max_size is not None:
        size = connection.execute("pragma page_size").fetchone()[0]
        connection.execute(f"pragma max_page_count = {max(1, max_size // size)}")
    return connection


class Readers:
    """Connections that read, lent to one thread at a time; as many as read at once, a few are kept."""

    def __init__(self, file: Path, *, kept: int = 4) -> None:
        self._file = file
        self._kept = kept
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection for a few short reads."""
        connection = self._take()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._give(connection)

    def close(self) -> None:
        """Close what is idle now, and what is given back later."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        connection = connect(self._file)
        connection.execute("pragma query_only = 1")
        connection.execute("pragma temp_store = memory")
        return connection

    def _give(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < self._kept:
                self._idle.append(connection)
                return
        connection.close()
