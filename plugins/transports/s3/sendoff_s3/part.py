"""A piece of the source as the body of one request: digested first, then sent, and the same bytes both times."""

from __future__ import annotations

import hashlib
import io
import zlib

from sendoff import Shipment, SourceChanged

from sendoff_s3.line import BLOCK
from sendoff_s3.wire import Wire


class Part:
    """``length`` bytes of the source from ``start`` on. held: they are kept in memory between digest and sending; else they are read twice.

    crc: CRC32, once ``digest`` was called.
    """

    def __init__(self, shipment: Shipment, wire: Wire, start: int, length: int, *, held: bool) -> None:
        self._shipment, self._wire, self.start, self.length = shipment, wire, start, length
        self._kept = memoryview(bytearray(length)) if held else None
        self._position, self._sending, self.crc = 0, False, 0

    def digest(self) -> Part:
        """Reads it once; itself."""
        self.crc, offset = 0, 0
        block = self._kept if self._kept is not None else memoryview(bytearray(min(BLOCK, max(self.length, 1))))
        while offset < self.length:
            self._wire.check()
            room = block[offset : offset + BLOCK] if self._kept is not None else block[: self.length - offset]
            count = self._read(room, offset, paced=self._kept is not None)
            self.crc = zlib.crc32(room[:count], self.crc)
            offset += count
        return self

    def md5(self) -> str:
        """The MD5 of what was digested, hex: only to compare with what a server says of a part."""
        digest, offset = hashlib.md5(usedforsecurity=False), 0
        block = memoryview(bytearray(min(BLOCK, max(self.length, 1))))
        while offset < self.length:
            piece = self._kept[offset : offset + BLOCK] if self._kept is not None else None
            if piece is None:
                piece = block[: self._read(block[: self.length - offset], offset, paced=False)]
            digest.update(piece)
            offset += len(piece)
        return digest.hexdigest()

    # -- a file, as botocore and urllib3 know one

    def going_out(self) -> None:
        """What is read from now on goes to the network."""
        self._sending = True

    def read(self, amount: int = -1) -> bytes:
        """The next bytes."""
        wanted = self.length - self._position if amount is None or amount < 0 else min(amount, self.length - self._position)
        if wanted <= 0:
            return b""
        self._wire.check()
        if self._sending:
            wanted = self._shipment.allowed(wanted)
        if self._kept is not None:
            found = bytes(self._kept[self._position : self._position + wanted])
        else:
            room = bytearray(wanted)
            count = self._read(memoryview(room), self._position, paced=self._sending)
            found = bytes(room[:count])
        self._position += len(found)
        if self._sending:
            self._shipment.handed(len(found))
        return found

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of a file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.length}[whence]
        self._position, self._sending = base + offset, False
        return self._position

    def tell(self) -> int:
        """As of a file."""
        return self._position

    def __len__(self) -> int:
        return self.length

    def _read(self, room: memoryview, offset: int, *, paced: bool) -> int:
        count = self._shipment.readinto(room, self.start + offset, paced=paced)
        if not count:
            raise SourceChanged(f"the file ended after {self.start + offset} of {self._shipment.size} bytes")
        return count


def crc_of(shipment: Shipment, wire: Wire) -> int:
    """The CRC32 of the whole source, read once more."""
    return Part(shipment, wire, 0, shipment.size, held=False).digest().crc
