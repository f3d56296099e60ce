"""Reading requests off a connection: heads, bodies with a length, chunked bodies."""

from __future__ import annotations

import socket
from dataclasses import dataclass

MOST_HEAD = 64 * 1024
BLOCK = 256 * 1024


class Broken(Exception):
    """The peer went away in the middle, or does not speak HTTP."""


@dataclass(frozen=True, slots=True)
class Head:
    """Request line and headers."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        """A header's value, joined by ``", "`` where it comes twice; None = there is none."""
        found = [value for key, value in self.headers if key.lower() == name]
        return ", ".join(found) if found else None

    @property
    def chunked(self) -> bool:
        """The body's length is not announced."""
        return (self.header("transfer-encoding") or "").lower() == "chunked"

    @property
    def size(self) -> int | None:
        """The announced length of the body; None = chunked."""
        text = self.header("content-length") or "0"
        if not (text.isascii() and text.isdigit()) and not self.chunked:
            raise Broken(f"Content-Length: {text}")
        return None if self.chunked else int(text)


class Inlet:
    """The receiving side of one connection, with what was read too far."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self._ahead = bytearray()

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

    def take(self, most: int) -> bytes:
        """At least one and at most so many bytes."""
        if not self._ahead:
            piece = self._connected.recv(min(most, BLOCK))
            if not piece:
                raise Broken("ended in the body")
            return piece
        piece = bytes(self._ahead[:most])
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
    """The body of one request, piece by piece; what it gives has its transfer coding undone (section "Transfer Codings")."""

    def __init__(self, inlet: Inlet, head: Head) -> None:
        self._inlet, self._chunked = inlet, head.chunked
        self._left = head.size or 0
        self._ended = not head.chunked and not self._left

    @property
    def ended(self) -> bool:
        """All of it was read."""
        return self._ended

    def take(self, most: int) -> bytes:
        """At most so many bytes; empty at the end."""
        if self._chunked and not self._left and not self._ended:
            self._next_chunk()
        if self._ended:
            return b""
        piece = self._inlet.take(min(most, self._left))
        self._left -= len(piece)
        if not self._left:
            self._close_piece()
        return piece

    def _close_piece(self) -> None:
        if self._chunked:
            self._inlet.line()
        else:
            self._ended = True

    def _next_chunk(self) -> None:
        try:
            self._left = int(self._inlet.line().partition(b";")[0], 16)
        except ValueError as cause:
            raise Broken("a chunk without a size") from cause
        if not self._left:
            self._ended = True
            while self._inlet.line():
                pass
