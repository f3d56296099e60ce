"""Connections that are through in time, and that can be broken off from another thread."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock, local
from typing import Any

import httpcore


class Budget(local):
    """How long the exchange of this thread may still take."""

    def __init__(self) -> None:
        self.until = 0.0

    def start(self, seconds: float) -> None:
        """An exchange begins that may take so many seconds in all."""
        self.until = time.monotonic() + seconds

    def left(self, kind: type[httpcore.TimeoutException]) -> float:
        """Seconds; with none left, an error of this kind."""
        left = self.until - time.monotonic()
        if left <= 0:
            raise kind("no time is left")
        return left


class Lines(httpcore.NetworkBackend):
    """Opens connections; each wait on them ends with the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._network = budget, httpcore.SyncBackend()
        self._open: set[socket.socket] = set()
        self._lock, self._cut = Lock(), False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the budget decides
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """As the library's own, within the budget."""
        left = self._budget.left(httpcore.ConnectTimeout)
        return Line(self._network.connect_tcp(host, port, left, local_address, socket_options), self)

    def left(self, kind: type[httpcore.TimeoutException]) -> float:
        """As ``Budget.left``."""
        return self._budget.left(kind)

    def hold(self, connected: socket.socket) -> None:
        """This one is open; an error where all were cut."""
        with self._lock:
            if self._cut:
                connected.close()
                raise httpcore.ConnectError("the sink is closed")
            self._open.add(connected)

    def drop(self, connected: socket.socket) -> None:
        """It is closed."""
        with self._lock:
            self._open.discard(connected)

    def cut(self) -> None:
        """End whatever waits on an open connection now."""
        with self._lock:
            self._cut = True
            for one in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(one, socket.SHUT_RDWR)


class Line(httpcore.NetworkStream):
    """One connection."""

    def __init__(self, stream: httpcore.NetworkStream, lines: Lines) -> None:
        self._stream, self._lines = stream, lines
        self._socket: socket.socket = stream.get_extra_info("socket")
        lines.hold(self._socket)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the budget decides
        """Some bytes, within the budget."""
        return self._stream.read(max_bytes, self._lines.left(httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the budget decides
        """All bytes, within the budget."""
        self._stream.write(buffer, self._lines.left(httpcore.WriteTimeout))

    def close(self) -> None:
        """The end of it."""
        self._lines.drop(self._socket)
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the budget decides
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted from now on."""
        try:
            encrypted = self._stream.start_tls(ssl_context, server_hostname, self._lines.left(httpcore.ConnectTimeout))
        finally:
            self._lines.drop(self._socket)
        return Line(encrypted, self._lines)

    def get_extra_info(self, info: str) -> Any:
        """As the library's own."""
        return self._stream.get_extra_info(info)
