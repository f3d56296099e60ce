"""A shipment's bytes on their way out, block by block, and how far they got."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sendoff import Shipment, SourceChanged

from sendoff_http.watch import Watch

BLOCK = 2**20  # a try holds one; 256 KiB is a sixth slower on loopback, larger ones are no faster


class Body:
    """The body of one request, to be iterated once. sent: bytes the network took. complete: it took all of them.

    digest: whether their SHA-256 is made on the way.
    """

    def __init__(self, shipment: Shipment, watch: Watch, *, digest: bool) -> None:
        self._shipment, self._watch = shipment, watch
        self._digest = hashlib.sha256() if digest else None
        self.sent, self.complete = 0, False

    @property
    def sha256(self) -> str | None:
        """Of all bytes, hex; None when it was not asked for or not all went out."""
        return self._digest.hexdigest() if self._digest and self.complete else None

    def __iter__(self) -> Iterator[memoryview]:
        self._watch.sending()
        size = self._shipment.size
        buffer = memoryview(bytearray(min(BLOCK, size)))
        while self.sent < size:
            block = self._next(buffer[: min(BLOCK, size - self.sent)], size)
            yield block
            self.sent += len(block)
        self.complete = True
        self._watch.answering()

    def _next(self, room: memoryview, size: int) -> memoryview:
        count = self._shipment.readinto(room, self.sent)
        if not count:
            raise SourceChanged(f"the file ended after {self.sent} of {size} bytes")
        if self._digest:
            self._digest.update(room[:count])
        if self.sent + count == size:
            self._shipment.commit_point()
        return room[:count]


class NoBody:
    """The body of a request that has none; only the phase changes."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.complete = False

    def __iter__(self) -> Iterator[memoryview]:
        self.complete = True
        self._watch.answering()
        return iter(())
