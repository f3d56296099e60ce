"""The window: many writes under way, every answer read, and how far the file is there without a gap."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from sendoff import Shipment, SourceChanged

from sendoff_sftp import files
from sendoff_sftp.files import Files
from sendoff_sftp.part import Part
from sendoff_sftp.watch import Watch
from sendoff_sftp.wire import Said

WINDOW = 2 * 2**20  # bytes under way; as much as OpenSSH lets into a session
BLOCK = 2**20  # read from the source at once; a try holds one
KEEP_BYTES, KEEP_SECONDS = 64 * 2**20, 1.0  # at least so often what is there is put onto the server's disk and recorded
_WRITE = 32 * 1024  # of one request at most
_AROUND = 25  # bytes of a write besides handle and block


class Writing:
    """Writes one file from ``part.at`` to its end. seen: told every block that is sent."""

    def __init__(self, at: Files, handle: bytes, shipment: Shipment, watch: Watch, part: Part, seen: Callable[[memoryview], None]) -> None:
        self._files, self._handle, self._shipment, self._watch, self._seen = at, handle, shipment, watch, seen
        self.part, self._sent = part, part.at
        self._under_way: OrderedDict[int, tuple[int, int]] = OrderedDict()  # in the order of their places
        self._room = min(_WRITE, at.wire.room - _AROUND - len(handle))
        self._syncs = at.offers(files.FSYNC)
        self._sync: tuple[int, int] | None = None
        self._kept_at, self._kept_when = part.at, watch.now()
        self._buffer = memoryview(bytearray(min(BLOCK, max(shipment.size - part.at, 1))))
        self._block = memoryview(b"")

    @property
    def there(self) -> int:
        """All before this is at the server: each byte of it was acknowledged."""
        return next(iter(self._under_way.values()))[0] if self._under_way else self._sent

    @property
    def _flying(self) -> int:
        return self._sent - self.there

    def run(self) -> Part:
        """Until all of it was acknowledged; ``Said`` for the first refusal, after the others have been read."""
        size = self._shipment.size
        while self._sent < size or self._under_way:
            if self._sent < size and self._flying < WINDOW:
                self._send(size)
                self._take(wait=False)
            else:
                self._take(wait=True)
            self._keep()
        self._settle_sync(wait=True)
        return self.part

    def _send(self, size: int) -> None:
        if not self._block:
            self._block = self._read(size)
        count = self._shipment.allowed(min(self._room, len(self._block)))
        piece, self._block = self._block[:count], self._block[count:]
        number = self._files.write(self._handle, self._sent, piece)
        self._under_way[number] = (self._sent, len(piece))
        self._sent += len(piece)
        self._shipment.handed(len(piece))

    def _read(self, size: int) -> memoryview:
        room = self._buffer[: min(BLOCK, size - self._sent)]
        count = self._shipment.readinto(room, self._sent)
        if not count:
            raise SourceChanged(f"the file ended after {self._sent} of {size} bytes")
        self._seen(room[:count])
        return room[:count]

    # -- answers

    def _take(self, *, wait: bool) -> None:
        """The answers that are here; when waiting, at least the one that is due first."""
        while self._under_way:
            number = next(iter(self._under_way))
            try:
                if wait:
                    self._files.wire.answer(number)
                elif self._files.wire.peek(number) is None:
                    return
            except Said as said:
                raise self._refused(number, said) from said
            del self._under_way[number]
            wait = False

    def _refused(self, number: int, said: Said) -> Said:
        """All that is under way is answered for before the refusal counts, so that the session can be used again and the place is right."""
        place, _ = self._under_way[number]
        for other in [one for one in self._under_way if one != number]:
            try:
                self._files.wire.answer(other)
            except Said:
                continue
        self.part = self.part.now(place)
        self._under_way.clear()
        self._sent = place
        if self._sync is not None:
            self._forget_sync()
        return said

    # -- what is kept

    def _keep(self) -> None:
        """Now and then what is there goes onto the server's disk, and then on record."""
        if self._sync is not None:
            self._settle_sync(wait=False)
            return
        there = self.there
        if there - self._kept_at < KEEP_BYTES and self._watch.now() - self._kept_when < KEEP_SECONDS:
            return
        if there == self._kept_at:
            return
        if self._syncs:
            self._sync = (self._files.sync(self._handle), there)
        else:
            self._confirm(there)

    def _settle_sync(self, *, wait: bool) -> None:
        if self._sync is None:
            return
        number, there = self._sync
        try:
            if (self._files.wire.answer(number) if wait else self._files.wire.peek(number)) is None:
                return
        except Said as said:
            if said.code != files.UNSUPPORTED:
                self._sync = None
                self._files.wire.drain()  # then its disk can be asked what that means
                self._under_way.clear()
                raise
            self._syncs = False
        self._sync = None
        self._confirm(there)

    def _forget_sync(self) -> None:
        assert self._sync is not None
        with suppress(Said):
            self._files.wire.answer(self._sync[0])
        self._sync = None

    def _confirm(self, there: int) -> None:
        self.part = self.part.now(there)
        self._kept_at, self._kept_when = there, self._watch.now()
        self._shipment.confirm(there, self.part.session)
