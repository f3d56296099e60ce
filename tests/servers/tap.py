"""A way to a server on loopback at which what goes up is measured: how much, and when."""

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from threading import Lock, Thread

SMALL = 64 * 1024  # bytes that the kernel takes ahead of the reader


class Tap:
    """``with Tap(server.port) as tap: tap.port``. passed: of every piece that went up, (monotonic seconds, connection, bytes)."""

    def __init__(self, port: int) -> None:
        self._port, self.passed, self._open, self._lock = port, list[tuple[float, int, int]](), list[socket.socket](), Lock()
        self._threads: list[Thread] = []

    def __enter__(self) -> "Tap":
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port = self._listener.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        for one in self._open:
            one.close()

    # -- what a test asks

    def total(self, begin: float = 0.0, end: float = float("inf")) -> int:
        """Bytes that went up in this time."""
        return sum(count for when, _, count in list(self.passed) if begin <= when < end)

    def most_in(self, window: float, begin: float = 0.0, end: float = float("inf")) -> int:
        """Most bytes that went up in any so many seconds of this time."""
        times = [when for when, _, _ in list(self.passed) if begin <= when < end]
        return max((self.total(when, min(when + window, end)) for when in times), default=0)

    def longest_silence(self, begin: float, end: float) -> float:
        """Seconds for which some connection that was used before and after passed nothing, at most."""
        by_connection: dict[int, list[float]] = {}
        for when, number, _ in list(self.passed):
            if begin <= when < end:
                by_connection.setdefault(number, []).append(when)
        return max((later - earlier for times in by_connection.values() for earlier, later in pairwise(times)), default=0.0)

    def connections(self) -> int:
        """Those that something went up."""
        return len({number for _, number, _ in list(self.passed)})

    # -- its threads

    def _accept(self) -> None:
        number = 0
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number += 1
            server = socket.create_connection(("127.0.0.1", self._port))
            self._open += [client, server]
            self._begin(self._carry, client, server, number)
            self._begin(self._carry, server, client, 0)

    def _begin(self, work: Callable[..., None], *words: object) -> None:
        thread = Thread(target=work, args=words, name="tap", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry(self, source: socket.socket, sink: socket.socket, number: int) -> None:
        with suppress(OSError):
            while data := source.recv(SMALL):
                if number:
                    with self._lock:
                        self.passed.append((time.monotonic(), number, len(data)))
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
