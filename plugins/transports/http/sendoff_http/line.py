"""The connections under httpcore: interruptible, never silent, and with an eye on what the server says while it is sent to.

httpcore's own ones block in ``connect`` and ``send``, where nothing breaks them off, and time each system call but never the whole.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
from sendoff import Transient, WebErrorStatus

from sendoff_http import tls
from sendoff_http.dial import dial
from sendoff_http.watch import Watch

_MOST_EARLY = 128 * 1024
_BLOCKED = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Lines(httpcore.NetworkBackend):
    """Makes the connections of one lane.

    watch: of the try that uses the lane now. trouble: what its connection died of. heard: the first bytes of the answer.
    told: how many bytes the network took, piece by piece; None = nobody wants to know.
    """

    def __init__(self) -> None:
        self.watch: Watch | None = None
        self.current: socket.socket | None = None
        self.trouble: OSError | None = None
        self.heard = b""
        self.told: Callable[[int], None] | None = None

    def use(self, watch: Watch) -> None:
        """The lane is this try's now."""
        self.watch, self.trouble, self.heard = watch, None, b""
        watch.hold(self.current)

    def leave(self) -> float:
        """The lane is nobody's now; since when, monotonic seconds."""
        watch = self.in_use()
        watch.hold(None)
        self.watch = None
        return watch.now()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the watch has the time, here and below
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """A connection to a host."""
        watch = self.in_use()
        return Line(dial(host, port, watch), self)

    def in_use(self) -> Watch:
        """The watch of the try that uses the lane."""
        if self.watch is None:
            raise RuntimeError("a lane is used only by a try")
        return self.watch


class Line(httpcore.NetworkStream):
    """One connection, plain or TLS, on a socket that does not block."""

    def __init__(self, connection: socket.socket, lines: Lines) -> None:
        self._socket, self._lines = connection, lines
        self._early = bytearray()
        lines.current = connection
        lines.in_use().hold(connection)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Some bytes of the answer, b"" at its end; within the time of the whole answer, not of this one call."""
        if self._early:
            data = bytes(self._early[:max_bytes])
            del self._early[:max_bytes]
            return self._heard(data)
        watch = self._lines.in_use()
        while True:
            try:
                data = self._socket.recv(max_bytes)
            except _BLOCKED as blocked:
                watch.wait(self._socket, select.POLLOUT if isinstance(blocked, ssl.SSLWantWriteError) else select.POLLIN)
            except OSError as cause:
                raise httpcore.ReadError(self._died(cause, watch)) from cause
            else:
                watch.check()
                return self._heard(data)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Hands all of it over; ends early with ``WriteError``, after which httpcore reads the answer, when a final answer begins."""
        left, watch = memoryview(buffer), self._lines.in_use()
        while left:
            self._listen(watch)
            left = left[self._send_some(left, watch) :]

    def close(self) -> None:
        """The end of the connection."""
        if self._lines.current is self._socket:
            self._lines.current = None
            if self._lines.watch is not None:
                self._lines.watch.hold(None)
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore.NetworkStream:
        """The same connection, encrypted. Errors: as ``tls.refused``."""
        watch = self._lines.in_use()
        secure: socket.socket = self._socket
        try:
            secure = encrypted = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname, do_handshake_on_connect=False)
            watch.hold(secure)
            _shake_hands(encrypted, watch)
            tls.check_pin(encrypted, ssl_context, server_hostname or watch.where)
        except OSError as cause:
            secure.close()
            watch.check()
            raise tls.refused(cause, server_hostname or watch.where) from cause
        except BaseException:
            secure.close()
            raise
        return Line(secure, self._lines)

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks about a connection."""
        if info == "is_readable":
            return self._has_ended()
        if info == "socket":
            return self._socket
        return self._socket if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None

    def _has_ended(self) -> bool:
        """Whether an idle connection is of no more use: closed by the server, or with bytes on it that nobody asked for."""
        try:
            self._early += self._socket.recv(4096)
        except _BLOCKED:  # at most a TLS ticket came
            return False
        except OSError:
            return True
        return True

    def _send_some(self, left: memoryview, watch: Watch) -> int:
        """Hands over what the network takes now; waits for it to take something."""
        until = watch.now() + watch.limits.stall
        while True:
            events = select.POLLOUT | select.POLLIN
            try:
                return self._taken(self._socket.send(left))
            except ssl.SSLWantReadError:
                events = select.POLLIN
            except (BlockingIOError, ssl.SSLWantWriteError):
                pass
            except OSError as cause:
                raise httpcore.WriteError(self._died(cause, watch)) from cause
            happened = self._moved(watch, events, until)
            if happened & select.POLLIN:
                self._listen(watch)

    def _moved(self, watch: Watch, events: int, until: float) -> int:
        """The poll events that happened; where none did in time, the connection ends with RST: FIN would wait behind what is not taken, and the server
        would hold on to a half-done upload for as long."""
        try:
            happened = watch.wait(self._socket, events, until)
            if happened:
                return happened
            raise watch.stalled()
        except Transient:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise

    def _taken(self, count: int) -> int:
        if self._lines.told is not None:
            self._lines.told(count)
        return count

    def _listen(self, watch: Watch) -> None:
        """Takes what the server says while it is sent to: an interim answer is kept for later, a final one or the end stops the sending."""
        try:
            data = self._socket.recv(4096)
        except _BLOCKED:
            return
        except OSError as cause:
            raise httpcore.WriteError(self._died(cause, watch)) from cause
        self._early += data
        if not data or _final_begins(self._early):
            watch.check()
            watch.answering()
            raise httpcore.WriteError("the server answered before the request was complete")
        if len(self._early) > _MOST_EARLY:
            raise Transient(f"{watch.where} sends interim answers without end", web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))

    def _heard(self, data: bytes) -> bytes:
        if len(self._lines.heard) < 5:
            self._lines.heard += data[:5]
        return data

    def _died(self, cause: OSError, watch: Watch) -> str:
        """The connection broke; an answer may still lie in its buffers, and is awaited no longer than any other."""
        watch.check()
        self._lines.trouble = cause
        watch.answering()
        return cause.strerror or str(cause)


def _final_begins(early: bytearray) -> bool:
    """Whether anything but interim answers (1xx, RFC 9110 section 15.2) has come."""
    start = 0
    while len(early) >= start + 10:
        if not (early.startswith(b"HTTP/1.", start) and early[start + 9 : start + 10] == b"1"):
            return True
        end = early.find(b"\r\n\r\n", start)
        if end < 0:
            return False
        start = end + 4
    return False


def _shake_hands(connection: ssl.SSLSocket, watch: Watch) -> None:
    while True:
        try:
            return connection.do_handshake()
        except ssl.SSLWantReadError:
            watch.wait(connection, select.POLLIN)
        except ssl.SSLWantWriteError:
            watch.wait(connection, select.POLLOUT)
