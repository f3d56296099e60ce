"""A piece of the source as the body of one request: digested first, then sent, and the same bytes both times."""

from __future__ import annotations

import hashlib
import io

from sendoff import Shipment, SourceChanged

from sendoff_azure_blob.wire import Wire

BLOCK = 256 * 1024  # bytes a read of a body gives


class Part:
    """``length`` bytes of the source from ``start`` on. held: they are kept in memory between digest and sending; else they are read twice.

    md5: of all of it, once ``digest`` was called.
    """

    def __init__(self, shipment: Shipment, wire: Wire, start: int, length: int, *, held: bool) -> None:
        self._shipment, self._wire, self.start, self.length = shipment, wire, start, length
        self._kept = memoryview(bytearray(length)) if held else None
        self._position, self._sending, self.md5 = 0, False, b""

    def digest(self) -> Part:
        """Reads it once; itself."""
        digest, offset = hashlib.md5(usedforsecurity=False), 0
        block = self._kept if self._kept is not None else memoryview(bytearray(min(BLOCK, max(self.length, 1))))
        while offset < self.length:
            self._wire.check()
            room = block[offset : offset + BLOCK] if self._kept is not None else block[: self.length - offset]
            count = self._read(room, offset, paced=self._kept is not None)
            digest.update(room[:count])
            offset += count
        self.md5 = digest.digest()
        return self

    # -- a file, as azure-storage-blob and urllib3 know one

    def going_out(self) -> None:
        """What is read from now on is read from the beginning and goes to the network."""
        self._position, self._sending = 0, True

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


def md5_of(shipment: Shipment, wire: Wire) -> bytes:
    """The MD5 of the whole source, read once more."""
    return Part(shipment, wire, 0, shipment.size, held=False).digest().md5
