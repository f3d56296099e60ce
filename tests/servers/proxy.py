"""A proxy on loopback that knows how many body bytes have left a client, and breaks connections where a test wants it."""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from urllib.parse import urlsplit, urlunsplit

from sendoff.testing.receiver import Rule
from sendoff.testing.receiver.fault import Script
from sendoff.testing.receiver.ledger import Ledger

from tests.servers.passage import Passage, Passed, Way, supported


class CountingProxy:
    """``with CountingProxy("127.0.0.1", server.port) as proxy``: HTTP/1.1 in clear text goes through as it is, and each request is a row.

    rate: body bytes a second on each connection; None = as fast as they come.
    script: rules as the receiver's, counted by the requests here: ``Reset`` and ``Close`` end the client's connection after ``at`` bytes of the body
    (None: all of it, before the answer), ``Lost`` when the server has answered, which the client never sees. The server gets exactly these bytes and then
    the end of the connection.

    A client that dies is read on until its kernel has given away what it had taken from it, at the same pace: the count is what left the client.
    Times are monotonic seconds.
    """

    def __init__(self, host: str, port: int, *, rate: float | None = None, script: Sequence[Rule] = ()) -> None:
        self._upstream, self._rate = (host, port), rate
        self._script, self.ledger = Script([supported(rule) for rule in script]), Ledger()
        self.port = 0
        self._closed, self._lock = Event(), Lock()
        self._listener: socket.socket | None = None
        self._passages: dict[Passage, Thread] = {}
        self._accepting: Thread | None = None

    # -- life

    def open(self):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self._rate is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)  # or the kernel would take megabytes ahead of the pace
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        self.port, self._listener = listener.getsockname()[1], listener
        self._closed.clear()
        self._accepting = Thread(target=self._accept, args=(listener,), name="counting-proxy", daemon=True)
        self._accepting.start()
        return self

    def close(self) -> None:
        """Nobody listens any more and all connections are reset; ``open`` listens on the same port again, with the same rows."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        self._closed.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept
        self._accepting.join()
        listener.close()
        self.hang_up()
        for thread in self._threads():
            thread.join()

    def hang_up(self) -> None:
        """Resets every open connection."""
        with self._lock:
            passages = list(self._passages)
        for passage in passages:
            passage.stop("hung up")

    def __enter__(self):
        return self.open()

    def __exit__(self, *_) -> None:
        self.close()

    # -- what tests ask

    def add(self, rule: Rule) -> None:
        """One more rule, behind the others."""
        self._script.add(supported(rule))

    def url(self, upstream: str) -> str:
        """An address of the server's as it is reached through here."""
        return urlunsplit(urlsplit(upstream)._replace(netloc=f"127.0.0.1:{self.port}"))

    @property
    def requests(self) -> tuple[Passed, ...]:
        """All requests so far, in order of arrival."""
        return self.ledger.rows()

    @property
    def body_bytes(self) -> int:
        """How many bytes of bodies have left the client so far, in all."""
        return sum(row.received for row in self.requests)

    @property
    def connections(self) -> int:
        """How many connections were accepted so far."""
        return self.ledger.connections

    def wait_until(self, true: Callable[[tuple[Passed, ...]], bool], *, timeout: float = 20.0) -> tuple[Passed, ...]:
        """The requests as soon as ``true`` of them; ``TimeoutError`` after so many seconds."""
        return self.ledger.wait_until(true, timeout)

    def wait_for(self, *, request: int = 1, bytes: int = 0, complete: bool = False, over: bool = False, timeout: float = 20.0) -> Passed:
        """The request as soon as so many bytes of its body are here, it is complete, or it is over."""

        def seen(rows: tuple[Passed, ...]) -> bool:
            row = rows[request - 1] if len(rows) >= request else None
            return row is not None and row.received >= bytes and (row.complete or not complete) and (row.over or not over)

        return self.wait_until(seen, timeout=timeout)[request - 1]

    # -- its threads

    def _accept(self, listener: socket.socket) -> None:
        way = Way(connect=self._connect, ledger=self.ledger, script=self._script, rate=self._rate, closed=self._closed)
        while not self._closed.is_set():
            try:
                client, _ = listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            passage = Passage(client, way, number=self.ledger.accepted())
            thread = Thread(target=self._serve, args=(passage,), name="counting-proxy-up", daemon=True)
            with self._lock:
                self._passages[passage] = thread
            thread.start()

    def _connect(self) -> socket.socket:
        server = socket.create_connection(self._upstream, 10)
        server.settimeout(None)
        server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return server

    def _serve(self, passage: Passage) -> None:
        try:
            passage.serve()
        finally:
            with self._lock:
                self._passages.pop(passage, None)

    def _threads(self) -> list[Thread]:
        with self._lock:
            return list(self._passages.values())
