"""Connections to the server: lent to one thread at a time, and made anew where the server has been away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Lock
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from sendoff import StoreRefused

from sendoff_postgres.errors import in_our_words, is_away
from sendoff_postgres.settings import PostgresSettings

Answer = TypeVar("Answer")
Connection = psycopg.Connection[Any]
AGAIN = 0.1  # seconds between two looks at a server that is away: it tells nobody when it is back
IDLE = 10.0  # seconds after which the server ends a transaction in which nothing happens: whoever was stopped in it holds up nobody
_ALIVE: dict[str, int | str] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}  # a server that vanished is noticed
_SESSION = {"enable_seqscan": "off", "jit": "off", "default_transaction_isolation": "read committed", "client_encoding": "UTF8", "DateStyle": "ISO"}


def place_of(settings: PostgresSettings) -> str:
    """What a person knows the journal by."""
    words = conninfo_to_dict(settings.dsn)
    where = ":".join(str(words[name]) for name in ("host", "port") if words.get(name))
    return f"postgres {where or 'server'}, database {words.get('dbname') or words.get('user') or 'of this user'}, schema {settings.schema_}"


def connect(settings: PostgresSettings) -> Connection:
    """A connection without transactions of its own, in the journal's schema."""
    wished = _ALIVE | {"connect_timeout": max(2, int(settings.connect_timeout)), "application_name": "sendoff"}
    given = conninfo_to_dict(settings.dsn)
    connection = psycopg.connect(make_conninfo(settings.dsn, **{name: value for name, value in wished.items() if name not in given}), autocommit=True)
    session = _SESSION | {
        "search_path": f'"{settings.schema_}"',
        "statement_timeout": f"{settings.statement_timeout * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{IDLE * 1000:.0f}",
    }
    try:
        connection.execute("select set_config(name, value, false) from unnest(%s::text[], %s::text[]) as one (name, value)", [*map(list, _turned(session))])
    except BaseException:
        connection.close()
        raise
    return connection


class Connections:
    """A few connections to one server; whoever finds all of them lent waits."""

    def __init__(self, settings: PostgresSettings) -> None:
        self.place = place_of(settings)
        self._settings = settings
        self._idle: list[Connection] = []
        self._free, self._lock, self._closed = BoundedSemaphore(settings.connections), Lock(), Event()

    def run(self, ask: Callable[[Connection], Answer], *, insists: Callable[[], float] = lambda: 0.0) -> Answer:
        """What ``ask`` answers; asked again on another connection where the server went away, until it has been away for too long.

        insists: seconds to wait longer, as known when it is away. Errors: ``JournalFull``, ``StoreRefused``.
        """
        began = time.monotonic()
        while True:
            try:
                with self._one() as connection:
                    return ask(connection)
            except psycopg.Error as cause:
                if is_away(cause):
                    self._drop_idle()
                    if time.monotonic() < began + self._settings.connect_timeout + insists() and not self._closed.wait(AGAIN):
                        continue
                raise in_our_words(cause, self.place) from cause
            except UnicodeEncodeError as cause:
                raise in_our_words(cause, self.place) from cause

    def close(self) -> None:
        """Close what is idle now, and what is given back later."""
        self._closed.set()
        self._drop_idle()

    @contextmanager
    def _one(self) -> Iterator[Connection]:
        if not self._free.acquire(timeout=self._settings.statement_timeout):
            raise StoreRefused(f"{self.place}: all {self._settings.connections} connections are in use", hint="raise [store] connections")
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give(connection)
        finally:
            self._free.release()

    def _take(self) -> Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return connect(self._settings)

    def _give(self, connection: Connection) -> None:
        """One in which something went wrong in mid-transaction is closed; the server takes back what it did."""
        if connection.info.transaction_status is TransactionStatus.IDLE:
            with self._lock:
                if not self._closed.is_set():
                    self._idle.append(connection)
                    return
        connection.close()

    def _drop_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _turned(words: dict[str, str]) -> Iterator[tuple[str, ...]]:
    """Names, then values."""
    yield from zip(*words.items(), strict=True)
