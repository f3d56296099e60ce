"""How much goes into one request, where a protocol sends a file in several."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sendoff import Learned, SourceChanged, Span

LEAST = 2**20  # nginx takes no more than this where nobody has told it otherwise
_BLOCK = 2**20


class Chunks:
    """The size of the next one: as configured, or smaller where the server was seen to take no more.

    key: the protocol. most: as configured. least, limit: what the server announced, which holds before everything else.
    """

    def __init__(self, learned: Learned, key: str, most: int, *, least: int | None = None, limit: int | None = None) -> None:
        self._learned, self._key, self._most = learned, f"{key}.chunk", most
        self._least, self._limit = least or 1, limit or 2**60

    @property
    def size(self) -> int:
        """Bytes."""
        known = self._learned.get(self._key)
        return min(max(min(self._most, int(known)) if known else self._most, self._least), self._limit)

    def shrink(self) -> bool:
        """The server found it too large; whether there is a smaller size to try: an eighth, never less than a mebibyte."""
        size = self.size
        if size <= max(LEAST, self._least):
            return False
        self._learned.put(self._key, max(LEAST, size // 8))
        return True


def blocks(span: Span) -> Iterator[memoryview]:
    """The bytes of a span, read for a look and not for sending."""
    room, offset = memoryview(bytearray(min(_BLOCK, max(span.size, 1)))), span.start
    while offset < span.stop:
        count = span.shipment.readinto(room[: min(len(room), span.stop - offset)], offset, paced=False)
        if not count:
            raise SourceChanged(f"the file ended after {offset} of {span.shipment.size} bytes")
        yield room[:count]
        offset += count


def sha256_of_span(span: Span) -> str:
    """The SHA-256 of a span, hex."""
    digest = hashlib.sha256()
    for block in blocks(span):
        digest.update(block)
    return digest.hexdigest()
