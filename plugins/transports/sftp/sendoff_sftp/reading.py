"""Fetching what was written, many reads under way, to compare it with the source."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from sendoff import Shipment, SourceChanged

from sendoff_sftp.files import Files
from sendoff_sftp.wire import Said

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

_READ, _UNDER_WAY = 32 * 1024, 64


def same(at: Files, handle: bytes, shipment: Shipment, start: int, stop: int) -> bool:
    """Whether the server's bytes from ``start`` to ``stop`` are the source's."""
    mine = memoryview(bytearray(_READ))
    pending: deque[tuple[int, int, int]] = deque()
    place, equal = start, True
    while place < stop or pending:
        while equal and place < stop and len(pending) < _UNDER_WAY:
            count = min(_READ, stop - place)
            pending.append((at.read(handle, place, count), place, count))
            place += count
        if not pending:
            break
        number, where, count = pending.popleft()
        equal = _compared(at, handle, shipment, mine, number, where, count) and equal
    return equal


def _compared(at: Files, handle: bytes, shipment: Shipment, mine: memoryview, number: int, where: int, count: int) -> bool:
    """One piece; a server may give less than was asked for (draft-ietf-secsh-filexfer-02 section 6.4)."""
    theirs = at.got(number)
    while len(theirs) < count:
        more = at.got(at.read(handle, where + len(theirs), count - len(theirs)))
        if not more:
            return False
        theirs += more
    fill(shipment, mine[:count], where)
    return mine[:count] == theirs[:count]


def fill(shipment: Shipment, room: memoryview, offset: int) -> None:
    """The source's bytes; they are not sent, so no bandwidth is taken."""
    while room:
        count = shipment.readinto(room, offset, paced=False)
        if not count:
            raise SourceChanged(f"the file ended after {offset} of {shipment.size} bytes")
        room, offset = room[count:], offset + count


class SourceDigest:
    """A digest of the source, made while it is sent; what was sent by an earlier try is read once more."""

    def __init__(self, shipment: Shipment, algorithm: str) -> None:
        self._shipment, self.algorithm = shipment, algorithm
        self._made = hashlib.new(algorithm, usedforsecurity=False)

    def catch_up(self, stop: int) -> None:
        """What an earlier try has sent."""
        again(self._shipment, stop, self.add)

    def add(self, block: memoryview) -> None:
        """What is sent now."""
        self._made.update(block)

    def value(self) -> bytes:
        """Of all of it."""
        return self._made.digest()


PIECE = 65536  # bytes; paramiko's server digests larger ones wrongly, or without end


class PieceDigests:
    """The digests of all pieces, as one: a server can be asked for them a few at a time, and is never silent for long."""

    def __init__(self, shipment: Shipment, algorithm: str) -> None:
        self._shipment, self.algorithm = shipment, algorithm
        self._all, self._piece, self._filled = hashlib.sha256(), self._new(), 0

    def _new(self) -> Hash:
        return hashlib.new(self.algorithm, usedforsecurity=False)

    def catch_up(self, stop: int) -> None:
        """What an earlier try has sent."""
        again(self._shipment, stop, self.add)

    def add(self, block: memoryview) -> None:
        """What is sent now."""
        while block:
            part, block = block[: PIECE - self._filled], block[PIECE - self._filled :]
            self._piece.update(part)
            self._filled += len(part)
            if self._filled == PIECE:
                self._close()

    def _close(self) -> None:
        self._all.update(self._piece.digest())
        self._piece, self._filled = self._new(), 0

    def same(self, at: Files, handle: bytes, size: int) -> bool | None:
        """Whether the server has the same ones; None = it does not say after all."""
        if self._filled:
            self._close()
        theirs, width = hashlib.sha256(), self._new().digest_size
        for start in range(0, size, 256 * PIECE):
            length = min(256 * PIECE, size - start)
            try:
                name, values = at.digests(handle, self.algorithm, start, length, PIECE)
            except Said:
                return None
            if name != self.algorithm or len(values) != -(-length // PIECE) * width:
                return None
            theirs.update(values)
        return theirs.digest() == self._all.digest()


def again(shipment: Shipment, stop: int, seen: Callable[[memoryview], None]) -> None:
    """The source from its beginning, once more."""
    buffer, place = memoryview(bytearray(min(2**20, max(stop, 1)))), 0
    while place < stop:
        room = buffer[: min(len(buffer), stop - place)]
        fill(shipment, room, place)
        seen(room)
        place += len(room)
