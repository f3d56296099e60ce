"""The receiver itself: it listens, on loopback unless told otherwise, a thread for each connection."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType

from sendoff.testing.receiver.connection import Connection, House
from sendoff.testing.receiver.fault import Rule, Script
from sendoff.testing.receiver.ledger import Ledger, Received
from sendoff.testing.receiver.shelf import Shelf
from sendoff.testing.receiver.uploads import Uploads


class Receiver:
    """Takes PUT and POST, keeps the bodies, records every request; ``with Receiver(folder) as receiver: receiver.url``.

    Parameters
    ----------
    folder: where bodies are kept; None = only counted and digested.
    host: the address of this machine on which it listens.
    rate: bytes a second that each connection reads; None = as fast as they come.
    script: what goes wrong, and when.
    authorization: the value of ``Authorization`` without which everything is answered 401; None = open to all.
    tls: a server's context, for https.
    tus: it keeps half-done uploads, too; ``uploads`` tells of them. most: bytes of the largest it takes. checksums: whether it compares them.
    counts_questions: what is only asked with OPTIONS stands among the requests, and is numbered with them; else it stands among the ``questions``.

    >>> import urllib.request
    >>> with Receiver(tmp_path) as receiver:
    ...     answer = urllib.request.urlopen(urllib.request.Request(f"{receiver.url}a", b"hello", method="PUT"))
    ...     answer.close()
    ...     receiver.stored("a"), receiver.requests[0].method
    (b'hello', 'PUT')
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        rate: float | None = None,
        script: Sequence[Rule] = (),
        authorization: str | None = None,
        tls: ssl.SSLContext | None = None,
        tus: bool = False,
        most: int | None = None,
        checksums: bool = True,
        counts_questions: bool = False,
    ) -> None:
        self.folder, self._host, self._port, self._tls = None if folder is None else Path(folder), host, port, tls
        self.script, self.ledger = Script(script), Ledger()
        shelf = Shelf(self.folder)
        self.uploads = Uploads(shelf, most=most, checksums=checksums)
        self._house = House(
            shelf=shelf, script=self.script, ledger=self.ledger, rate=rate, authorization=authorization, released=Event(), closed=Event(),
            uploads=self.uploads if tus else None, counts_questions=counts_questions,
        )  # fmt: skip
        self._open: set[socket.socket] = set()
        self._threads: list[Thread] = []
        self._lock = Lock()
        self._listener: socket.socket | None = None

    # -- life

    def open(self) -> Receiver:
        """Listens from now on."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._house.rate is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)  # or the kernel would take megabytes ahead of the pace
        listener.bind((self._host, self._port))
        listener.listen(512)
        self._listener, self._port = listener, listener.getsockname()[1]
        self._begin(self._accept)
        return self

    def close(self) -> None:
        """Hangs up on everybody and returns when its threads are gone."""
        self._house.closed.set()
        self._house.released.set()
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes accept
            listener.close()
        self.hang_up()
        for thread in list(self._threads):
            thread.join(10)
        self.uploads.close()

    def __enter__(self) -> Receiver:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- what tests ask

    @property
    def url(self) -> str:
        """Its root, ``http://127.0.0.1:PORT/``; with TLS ``https://localhost:PORT/``."""
        return f"https://localhost:{self._port}/" if self._tls else f"http://{self._host}:{self._port}/"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    @property
    def requests(self) -> tuple[Received, ...]:
        """All requests so far, in order of arrival."""
        return self.ledger.rows()

    @property
    def questions(self) -> tuple[Received, ...]:
        """What was asked with OPTIONS so far."""
        return self.ledger.questions()

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self.ledger.connections

    def wait_for(self, *, request: int = 1, bytes: int = 0, complete: bool = False, over: bool = False, timeout: float = 20.0) -> Received:
        """The request as soon as so many bytes of its body are here, it is complete, or it is over; ``TimeoutError`` after so many seconds."""

        def seen(rows: tuple[Received, ...]) -> bool:
            row = rows[request - 1] if len(rows) >= request else None
            return row is not None and row.received >= bytes and (row.complete or not complete) and (row.over or not over)

        return self.wait_until(seen, timeout=timeout)[request - 1]

    def wait_until(self, true: Callable[[tuple[Received, ...]], bool], *, timeout: float = 20.0) -> tuple[Received, ...]:
        """The requests as soon as ``true`` of them; ``TimeoutError`` after so many seconds."""
        return self.ledger.wait_until(true, timeout)

    def stored(self, path: str) -> bytes:
        """The bytes kept for an address below the root."""
        found = Shelf(self.folder).path(path)
        if found is None:
            raise FileNotFoundError("this receiver keeps no bodies")
        return found.read_bytes()

    def release(self) -> None:
        """Ends every stall, those to come too: such connections are closed; all others go on at their pace."""
        self._house.released.set()

    def hang_up(self) -> None:
        """Breaks every open connection."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    # -- its threads

    def _begin(self, work: Callable[[], None]) -> None:
        thread = Thread(target=work, name="sendoff-receiver", daemon=True)
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def _accept(self) -> None:
        listener = self._listener
        while listener is not None and self._listener is not None:
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            accepted_at = time.monotonic()
            self._begin(lambda connected=connected, accepted_at=accepted_at: self._serve(connected, accepted_at))  # type: ignore[misc]

    def _serve(self, plain: socket.socket, accepted_at: float) -> None:
        number = self.ledger.accepted()
        try:
            connected = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) if self._tls else plain
        except OSError:
            plain.close()
            return
        with self._lock:
            self._open.add(connected)
        try:
            with suppress(OSError):
                connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if isinstance(connected, ssl.SSLSocket):
                    connected.do_handshake()
                if self._listener is not None:
                    Connection(connected, self._house, number=number, accepted_at=accepted_at).serve()
        finally:
            with self._lock:
                self._open.discard(connected)
            connected.close()
