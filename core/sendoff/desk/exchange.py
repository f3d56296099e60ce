"""One HTTP exchange with the host, written to the socket by hand (RFC 9112).

The libraries for this cost a command more time than everything else it does.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from collections.abc import Iterable, Iterator
from typing import NoReturn

from sendoff.desk.codec import parse_object
from sendoff.errors import HostUnavailable, SendoffError, from_json

PIECE = 256 * 1024
UNSURE = "what was asked may have been done; look with: sendoff list"
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quoted(text: str) -> str:
    """A text for the query of an address (RFC 3986 section 2.1)."""
    return "".join(chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in text.encode("utf-8", "surrogateescape"))


class Reply:
    """An answer as it comes: the status, the headers, and the body without its framing."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self._held = b""
        self._left: int | None = None  # bytes of the body, or of the chunk, still to come
        self._chunked = False

    def feed(self, data: bytes) -> bytes:
        """The bytes of the body that came with these."""
        self._held += data
        while not self._left and not self.complete and not self._chunked:
            if not self._read_head():
                return b""
        if self._chunked:
            return b"".join(self._chunks())
        taken, self._held = self._held[: self._left], b""
        self._left = (self._left or 0) - len(taken)
        self.complete = self._left == 0
        return taken

    def _read_head(self) -> bool:
        head, end, rest = self._held.partition(b"\r\n\r\n")
        if not end:
            return False
        first, *lines = head.decode("latin-1").split("\r\n")
        self._held, status = rest, int(first.split(" ", 2)[1])
        if status >= 200:
            self.status = status
            self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self._chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
            self._left = None if self._chunked else int(self.headers.get("content-length", "0"))
            self.complete = self._left == 0
        elif status == 100:  # the host waits for the body
            self.status = status
        return True

    def _chunks(self) -> Iterator[bytes]:
        while not self.complete:
            if not self._left:
                size, newline, rest = self._held.partition(b"\r\n")
                if not newline:
                    return
                self._left, self._held = int(size.partition(b";")[0], 16) + 2, rest
                if self._left == 2:
                    self.complete = True
                    return
            taken, self._held = self._held[: self._left], self._held[self._left :]
            if not taken:
                return
            before, self._left = self._left, self._left - len(taken)
            yield taken[: max(0, before - 2)]  # without the line break that ends the chunk


class Exchange:
    """One request and its answer over one connection.

    connection: to the host; closed with the exchange. name: whose host it is, for messages. timeout: seconds of silence
    after which nobody is there any more. sent: the body may have gone out.
    """

    def __init__(self, connection: socket.socket, name: str, timeout: float) -> None:
        self.reply = Reply()
        self.sent = False
        self._connection = connection
        self._connection.settimeout(timeout)
        self._name = name
        self._timeout = timeout
        self._process = os.getpid()
        self._first = b""

    @property
    def peer(self) -> object:
        """Who is at the other end: its process id; where the system cannot tell (unix(7) ``SO_PEERCRED``), nobody who was met before."""
        if not hasattr(socket, "SO_PEERCRED"):
            return object()
        return int.from_bytes(self._connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()

    def send(self, data: bytes) -> None:
        """Write all of it; a host that has stopped listening may still have said why, so that is no error."""
        try:
            self._connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except OSError as cause:
            self._lost(cause)

    def head(self, *, invited: bool = False) -> int:
        """The status of the answer; with ``invited`` also 100, which says that the host waits for the body."""
        while self.reply.status < (100 if invited else 200):
            self._first += self._fed()
        return self.reply.status

    def body(self) -> Iterator[bytes]:
        """The body of the answer, as it comes; ``HostUnavailable`` when it breaks off."""
        while True:
            first, self._first = self._first, b""
            if first:
                yield first
            if self.reply.complete:
                return
            self._first = self._fed()

    def complete(self) -> None:
        """Wait for the whole body, which ``body`` gives then; ``HostUnavailable`` when it breaks off."""
        self._first = b"".join(self.body())

    def error(self, body: bytes) -> SendoffError:
        """What the body of an answer that is not 200 says. What is not JSON is none of the work's: its host ended before it had answered."""
        if self.reply.headers.get("content-type", "") != "application/json":
            said = body.decode("utf-8", "replace").strip()[:200]
            hint = UNSURE if self.sent else None
            return HostUnavailable(f"the host of {self._name} broke off: status {self.reply.status} {said}", hint=hint, lost=True)
        return from_json(parse_object(body))

    def both_ways(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The body of the answer, while ours goes out in chunks: neither side ever waits for the other to finish."""
        self.sent = True
        waiting = _chunked(pieces)
        outgoing = memoryview(next(waiting, b""))
        poller = select.poll()
        self._connection.setblocking(False)
        while not self.reply.complete:
            poller.register(self._connection, select.POLLIN | (select.POLLOUT if outgoing else 0))
            ready = poller.poll(self._timeout * 1000)
            if not ready:
                self._lost(TimeoutError())
            if ready[0][1] & ~select.POLLOUT:
                yield self._fed()
            elif outgoing:
                outgoing = outgoing[self._write(outgoing) :] or memoryview(next(waiting, b""))

    def _write(self, data: memoryview) -> int:
        try:
            return self._connection.send(data[:PIECE])
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            return len(data)  # the answer says why
        except OSError as cause:
            self._lost(cause)

    def _fed(self) -> bytes:
        data = self._receive()
        try:
            return self.reply.feed(data)
        except (ValueError, IndexError) as cause:
            raise HostUnavailable(f"what answers for {self._name} does not speak HTTP", lost=True) from cause

    def _receive(self) -> bytes:
        if os.getpid() != self._process:
            raise HostUnavailable("this connection belongs to the process that was forked; a new one is needed", lost=True)
        try:
            data = self._connection.recv(PIECE)
        except OSError as cause:
            self._lost(cause)
        if not data:
            self._lost(ConnectionError("the connection was closed"))
        return data

    def _lost(self, cause: OSError) -> NoReturn:
        if isinstance(cause, TimeoutError):
            raise HostUnavailable(f"the host of {self._name} has said nothing for {self._timeout:g} seconds", hint="see: sendoff host status") from cause
        raise HostUnavailable(f"the host of {self._name} went away before it had answered: {cause}", hint=UNSURE if self.sent else None, lost=True) from cause


def _chunked(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if piece:
            yield b"%x\r\n%b\r\n" % (len(piece), piece)
    yield b"0\r\n\r\n"
