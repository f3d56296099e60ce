"""A way to a server on loopback that can be cut, or closed while everything stays connected."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Condition
from typing import Any

from tests.servers.passage import close
from tests.servers.tap import SMALL, Tap


class Valve(Tap):
    """``with Valve(server.port) as valve: valve.port``. What happens, happens once, to the connection that the byte in question goes up."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self._changed = Condition()
        self._up, self._at, self._cuts, self._closed = 0, None, True, False

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        super().__exit__(*_)

    def break_off(self, at: int) -> None:
        """The connection ends once so many more bytes have gone up."""
        self._after(at, cuts=True)

    def stop_reading(self, at: int) -> None:
        """Nothing more goes up once so many more bytes have, until ``hang_up``."""
        self._after(at, cuts=False)

    def hang_up(self) -> None:
        """Every connection that is open now ends."""
        with self._changed:
            self._closed = False
            self._changed.notify_all()
        for one in list(self._open):
            _ended(one)

    def arrived(self, count: int, timeout: float = 20.0) -> None:
        """Returns as soon as so many bytes have gone up since the last call of the above; ``TimeoutError`` if they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._up >= count, timeout):
                raise TimeoutError(f"{self._up} of {count} bytes have gone up")

    def _after(self, at: int, *, cuts: bool) -> None:
        with self._changed:
            self._up, self._at, self._cuts = 0, at, cuts

    def _carry(self, source: socket.socket, sink: socket.socket, number: int) -> None:
        if not number:
            super()._carry(source, sink, number)
            return
        with suppress(OSError):
            while data := source.recv(SMALL):
                if self._stops(data, sink.sendall):
                    break
        for one in (source, sink):
            _ended(one)  # wakes who reads it
            close(one, hard=True)  # or the client would go on until all buffers are full

    def _stops(self, data: bytes, send: Callable[[bytes], Any]) -> bool:
        """Passes a piece on, as much of it as may; whether that was the end."""
        with self._changed:
            meets = self._at is not None and self._up + len(data) >= self._at
            piece = data[: self._at - self._up] if meets else data
            self._up += len(piece)
            self._changed.notify_all()
        send(piece)
        if not meets:
            return False
        with self._changed:
            self._at, self._closed = None, not self._cuts
            self._changed.wait_for(lambda: not self._closed)
        return True


def _ended(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
