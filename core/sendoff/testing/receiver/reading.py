"""Reading requests off a connection: heads, bodies with a length, chunked bodies."""

from __future__ import annotations

import socket
from dataclasses import dataclass

MOST_HEAD = 256 * 1024
BLOCK = 256 * 1024


class Broken(Exception):
    """The peer went away in the middle, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Head:
    """Request line and headers."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """A header's value, "" when there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name)

    @property
    def chunked(self) -> bool:
        """The body's length is not announced."""
        return self.header("transfer-encoding").lower() == "chunked"

    @property
    def size(self) -> int | None:
        """The announced length of the body; None = chunked."""
        text = self.header("content-length") or "0"
        if not text.isdigit() and not self.chunked:
            raise Broken(f"Content-Length: {text}")
        return None if self.chunked else int(text)


class Inlet:
    """The receiving side of one connection, with what was read too far."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self._ahead = bytearray()
        self._block = memoryview(bytearray(BLOCK))

    def head(self) -> Head | None:
        """The next request's head; None when the peer has ended the connection between two."""
        while (end := self._ahead.find(b"\r\n\r\n")) < 0:
            if len(self._ahead) > MOST_HEAD:
                raise Broken("a head that does not end")
            if not self._more():
                if self._ahead:
                    raise Broken("ended in the head")
                return None
        lines = self._ahead[:end].decode("latin-1").split("\r\n")
        del self._ahead[: end + 4]
        words = lines[0].split(" ")
        if len(words) != 3:
            raise Broken(f"not a request: {lines[0][:100]!r}")
        pairs = (line.partition(":") for line in lines[1:])
        return Head(words[0], words[1], tuple((name, value.strip()) for name, _, value in pairs))

    def take(self, most: int) -> memoryview:
        """At least one and at most so many bytes, valid until the next call."""
        if not self._ahead:
            count = self._connected.recv_into(self._block[: min(most, BLOCK)])
            if not count:
                raise Broken("ended in the body")
            return self._block[:count]
        piece = memoryview(bytes(self._ahead[:most]))
        del self._ahead[:most]
        return piece

    def line(self) -> bytes:
        """Up to the next line break."""
        while (end := self._ahead.find(b"\r\n")) < 0:
            if len(self._ahead) > MOST_HEAD or not self._more():
                raise Broken("ended in a chunk's size")
        found = bytes(self._ahead[:end])
        del self._ahead[: end + 2]
        return found

    def _more(self) -> bool:
        data = self._connected.recv(65536)
        self._ahead += data
        return bool(data)


class Body:
    """The body of one request, piece by piece."""

    def __init__(self, inlet: Inlet, head: Head) -> None:
        self._inlet, self._chunked = inlet, head.chunked
        self._left = 0 if head.chunked else head.size or 0
        self._ended = False

    def take(self, most: int) -> memoryview:
        """At most so many bytes; empty at the end."""
        if not self._left and self._chunked and not self._ended:
            self._next_chunk()
        if not self._left:
            return memoryview(b"")
        piece = self._inlet.take(min(most, self._left))
        self._left -= len(piece)
        if self._chunked and not self._left:
            self._inlet.line()
        return piece

    def _next_chunk(self) -> None:
        try:
            self._left = int(self._inlet.line().partition(b";")[0], 16)
        except ValueError as cause:
            raise Broken("a chunk without a size") from cause
        if not self._left:
            self._ended = True
            while self._inlet.line():
                pass
