"""Passing HTTP/1.1 on as it came, byte for byte, and knowing which of the bytes are body (RFC 9112, section 6)."""

import socket
from collections.abc import Callable, Iterator

from sendoff.testing.receiver.reading import Broken, Head

BLOCK = 64 * 1024
MOST_HEAD = 256 * 1024
Most = Callable[[], int]  # how many body bytes may be taken now
Pieces = Iterator[tuple[bytes, int]]  # raw bytes, and how many of them are body


class Intake:
    """The receiving side of a connection, with what was read too far."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected, self._ahead = connected, bytearray()

    def head(self) -> bytes | None:
        """The next message's head with its empty line; None when the peer ended between two messages."""
        found = self._up_to(b"\r\n\r\n")
        if found is None and self._ahead:
            raise Broken("ended in the head")
        return found

    def line(self) -> bytes:
        found = self._up_to(b"\r\n")
        if found is None:
            raise Broken("ended in the framing of a body")
        return found

    def take(self, most: int) -> bytes:
        """At least one and at most so many bytes."""
        piece = bytes(self._ahead[:most]) or self._connected.recv(min(most, BLOCK))
        if not piece:
            raise Broken("ended in the body")
        del self._ahead[:most]
        return piece

    def _up_to(self, mark: bytes) -> bytes | None:
        while (end := self._ahead.find(mark)) < 0:
            data = self._connected.recv(BLOCK)
            if not data or len(self._ahead) > MOST_HEAD:
                return None
            self._ahead += data
        found = bytes(self._ahead[: end + len(mark)])
        del self._ahead[: len(found)]
        return found


def request(raw: bytes) -> Head:
    """Method, target and headers."""
    words, headers = _parts(raw)
    if len(words) != 3:
        raise Broken(f"not a request: {raw[:100]!r}")
    return Head(words[0], words[1], headers)


def answer(raw: bytes) -> tuple[int, Head]:
    """The status, and the headers in a head without a method."""
    words, headers = _parts(raw)
    if len(words) < 2 or not words[1].isdigit():
        raise Broken(f"not an answer: {raw[:100]!r}")
    return int(words[1]), Head("", "", headers)


def request_body(intake: Intake, head: Head, most: Most) -> Pieces:
    return chunked(intake, most) if head.chunked else sized(intake, head.size or 0, most)


def answer_body(intake: Intake, method: str, status: int, head: Head) -> Pieces:
    if method == "HEAD" or status < 200 or status in (204, 304):
        return iter(())
    if head.chunked:
        return chunked(intake, _block)
    return sized(intake, head.size or 0, _block) if head.header("content-length") else endless(intake)


def sized(intake: Intake, size: int, most: Most) -> Pieces:
    while size:
        piece = intake.take(min(size, most()))
        size -= len(piece)
        yield piece, len(piece)


def chunked(intake: Intake, most: Most) -> Pieces:
    while size := int((line := intake.line()).partition(b";")[0], 16):
        yield line, 0
        yield from sized(intake, size, most)
        yield intake.line(), 0
    yield line, 0
    while (trailer := intake.line()) != b"\r\n":
        yield trailer, 0
    yield trailer, 0


def endless(intake: Intake) -> Pieces:
    """Up to the end of the connection."""
    try:
        while True:
            piece = intake.take(BLOCK)
            yield piece, len(piece)
    except Broken:
        return


def _block() -> int:
    return BLOCK


def _parts(raw: bytes) -> tuple[list[str], tuple[tuple[str, str], ...]]:
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first.split(" ", 2), tuple((name, value.strip()) for name, _, value in pairs)
