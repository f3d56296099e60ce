"""A TCP proxy that counts, delays, cuts and goes silent: faults below whatever protocol runs through it."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

_BLOCK = 65536


class Proxy:
    """Listens on loopback and passes everything on to a port of this machine.

    sent, answered: bytes that went to the server, and back. delay: seconds that every byte takes each way. rate: bytes a second towards the server, at most.

    Example::

        with Receiver(tmp_path) as receiver, Proxy(receiver.port) as proxy:
            proxy.cut(at=1_000_000)
            upload_to(f"http://127.0.0.1:{proxy.port}/a")
    """

    def __init__(self, to: int, *, delay: float = 0.0, rate: float | None = None) -> None:
        self.to, self.delay, self.rate = to, delay, rate
        self.sent = self.answered = self.connections = 0
        self._since, self._at = 0, None  # type: int, int | None
        self._then: Callable[[], None] | None = None
        self._silent: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._listener = socket.socket()
        if rate:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 128 * 1024)  # or the kernel would take megabytes ahead of the pace
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    # -- what a test does

    def cut(self, at: int) -> None:
        """Once so many more bytes came from the client, its connections are reset, once."""
        self._arm(at, self.hang_up)

    def hush(self, at: int) -> None:
        """Once so many more bytes came from the client, nothing of its connections is passed on any more; later ones are served."""
        self._arm(at, self.fall_silent)

    def fall_silent(self) -> None:
        """Every connection that is open now is swallowed: no byte passes, and nobody is told."""
        with self._changed:
            self._silent |= self._open

    def count(self) -> None:
        """``arrived`` counts from now on."""
        with self._changed:
            self._since = self.sent

    def arrived(self, count: int, timeout: float = 20.0) -> None:
        """Returns as soon as so many bytes came since the last order; ``TimeoutError`` if they do not come."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.sent - self._since >= count, timeout):
                raise TimeoutError(f"{self.sent - self._since} of {count} bytes came")

    def hang_up(self) -> None:
        """Every connection that is open now is reset; new ones are served."""
        with self._changed:
            there, self._open = self._open, set()
        for one in there:
            with suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._silent -= there

    def close(self) -> None:
        """The end."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    # -- bytes

    def _arm(self, at: int, then: Callable[[], None]) -> None:
        with self._changed:
            self._since, self._at, self._then = self.sent, at, then

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.to), 5)
            except OSError:
                client.close()
                continue
            server.settimeout(None)
            with self._changed:
                self.connections += 1
                self._open |= {client, server}
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pump(client, server, self._count_sent)
            self._pump(server, client, self._count_answered)

    def _pump(self, source: socket.socket, sink: socket.socket, told: Callable[[int], None]) -> None:
        if self.delay:
            late = _Late(sink, self.delay)
            threading.Thread(target=late.run, name="proxy", daemon=True).start()
            threading.Thread(target=self._carry, args=(source, late.put, late.end, told), name="proxy", daemon=True).start()
            return
        threading.Thread(target=self._carry, args=(source, sink.sendall, lambda: _finish(sink), told), name="proxy", daemon=True).start()

    def _carry(self, source: socket.socket, give: Callable[[bytes], None], end: Callable[[], None], told: Callable[[int], None]) -> None:
        with suppress(OSError):
            while block := source.recv(_BLOCK):
                while source in self._silent:
                    time.sleep(0.01)
                give(block)
                told(len(block))
        end()

    def _count_sent(self, count: int) -> None:
        if self.rate:
            time.sleep(count / self.rate)
        then = None
        with self._changed:
            self.sent += count
            if self._at is not None and self.sent - self._since >= self._at:
                then, self._at, self._then = self._then, None, None
            self._changed.notify_all()
        if then is not None:
            then()

    def _count_answered(self, count: int) -> None:
        with self._changed:
            self.answered += count


class _Late:
    """Passes bytes on some time after they came, however many are under way."""

    def __init__(self, sink: socket.socket, delay: float) -> None:
        self._sink, self._delay = sink, delay
        self._queue: deque[tuple[float, bytes | None]] = deque()
        self._more = threading.Condition()

    def put(self, block: bytes) -> None:
        with self._more:
            self._queue.append((time.monotonic() + self._delay, block))
            self._more.notify()

    def end(self) -> None:
        with self._more:
            self._queue.append((time.monotonic() + self._delay, None))
            self._more.notify()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                with self._more:
                    self._more.wait_for(lambda: self._queue)
                    due, block = self._queue.popleft()
                time.sleep(max(0.0, due - time.monotonic()))
                if block is None:
                    break
                self._sink.sendall(block)
        _finish(self._sink)


def _finish(sink: socket.socket) -> None:
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
