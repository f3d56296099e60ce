"""Fetching what was written, many reads under way, to compare it with the source."""

from __future__ import annotations

import hashlib
from collections import deque

from sendoff import Shipment, SourceChanged

from sendoff_sftp.files import Files

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
        buffer, place = memoryview(bytearray(min(2**20, max(stop, 1)))), 0
        while place < stop:
            room = buffer[: min(len(buffer), stop - place)]
            fill(self._shipment, room, place)
            self._made.update(room)
            place += len(room)

    def add(self, block: memoryview) -> None:
        """What is sent now."""
        self._made.update(block)

    def value(self) -> bytes:
        """Of all of it."""
        return self._made.digest()
