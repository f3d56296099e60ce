"""What tries have handed over, kept in memory that outlives the process: a mapped file survives ``kill -9``, though not a power cut.

A kill between the kernel's taking a piece and the note of it leaves that piece uncounted; what a dead process's kernel throws away unsent stays counted.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_HEAD = struct.Struct("<8s56s")  # magic, this boot's id
_SLOT = struct.Struct("=6q")  # turn (odd: being written), number, epoch, sent, length, crc32
_MAGIC = b"sendoff1"
_SLOTS = 4096  # more tries at once are counted in memory only
_NO_PREFIX, _ELSEWHERE = -1, -2

Prefix = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one try had done when its process died. sent: bytes given to the network. prefix: ``(length, crc32)`` of all it had read in order.

    elsewhere: it was sent to another origin, and says nothing of what is at the operation's own.
    """

    number: int
    epoch: int
    sent: int
    prefix: Prefix | None
    elsewhere: bool = False


class Slot:
    """One try's place; written without a system call, by one thread at a time. place: which one of the meter's; None = none. elsewhere: as in ``Reading``.

    Each cell is one store of eight bytes, which a kill finds done or not done; ``struct`` writes byte by byte, zeros first.
    """

    def __init__(self, room: memoryview, number: int, epoch: int, place: int | None = None, *, elsewhere: bool = False) -> None:
        self._cells, self._turn, self.place, self._without = room.cast("q"), 0, place, _ELSEWHERE if elsewhere else _NO_PREFIX
        self._cells[2] = epoch
        self.note(0, None)
        self._cells[1] = number  # now it is read

    def note(self, sent: int, prefix: Prefix | None) -> None:
        """How far it is now."""
        cells, (length, crc) = self._cells, prefix or (self._without, 0)
        cells[0] = self._turn + 1
        cells[3], cells[4], cells[5] = sent, length, crc
        self._turn += 2
        cells[0] = self._turn

    def leave(self) -> None:
        """Nothing is to be read here any more, and whoever notes something late does so elsewhere."""
        self.part()[1] = 0

    def part(self) -> memoryview:
        """Whoever notes something late does so elsewhere, and what is here stays; where it stands."""
        cells, self._cells, self.place = self._cells, memoryview(bytearray(_SLOT.size)).cast("q"), None
        return cells


class Meter:
    """The slots of one process. Without a file, or where none can be had, they die with it.

    left: what an earlier process of this boot left. It stands in the new file, too, until ``settled``: a process that dies before loses nothing of it.
    """

    def __init__(self, path: Path | None = None, boot: str = "") -> None:
        self._lock, self._slots = threading.Lock(), set[Slot]()
        self.left = left_in(path, boot) if path else {}
        self._mapped = room = _mapped(path, boot) if path else None
        self._room = memoryview(room if room is not None else bytearray(_HEAD.size + _SLOTS * _SLOT.size))
        self._free = list(range(_SLOTS - 1, -1, -1))
        self._carried = [self._again(reading) for reading in self.left.values()]
        if path and room is not None:
            _put_in_place(path)

    def settled(self) -> None:
        """What was left is on record now."""
        while self._carried:
            self.end(self._carried.pop())

    def begin(self, number: int, epoch: int, *, elsewhere: bool = False) -> Slot:
        """A try begins. elsewhere: as in ``Reading``."""
        with self._lock:
            place = self._free.pop() if self._free else None
            if place is None:
                return Slot(memoryview(bytearray(_SLOT.size)), number, epoch, elsewhere=elsewhere)
            start = _HEAD.size + place * _SLOT.size
            slot = Slot(self._room[start : start + _SLOT.size], number, epoch, place, elsewhere=elsewhere)
            self._slots.add(slot)
            return slot

    def readings(self) -> dict[int, Reading]:
        """What its tries have done, by number."""
        return _readings(bytes(self._room))

    def end(self, slot: Slot) -> None:
        """What it has done is on record."""
        with self._lock:
            place = slot.place
            slot.leave()
            self._slots.discard(slot)
            if place is not None:
                self._free.append(place)

    def close(self) -> None:
        """Let go of the file, in which everything stays for the next process; what is noted from now on is in memory only."""
        with self._lock:
            for slot in self._slots:
                slot.part()
            self._slots.clear()
            self._carried.clear()
            self._room = memoryview(bytearray(_HEAD.size + _SLOTS * _SLOT.size))
            mapped, self._mapped = self._mapped, None
        if mapped is not None:
            with suppress(BufferError):  # somebody notes something this moment: it is let go with that
                mapped.close()

    def _again(self, reading: Reading) -> Slot:
        slot = self.begin(reading.number, reading.epoch, elsewhere=reading.elsewhere)
        slot.note(reading.sent, reading.prefix)
        return slot


def left_in(path: Path, boot: str) -> dict[int, Reading]:
    """What an earlier process of this boot left in a file, by number."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    return _readings(data) if len(data) >= _HEAD.size and _HEAD.unpack_from(data) == _head(boot) else {}


def _readings(data: bytes) -> dict[int, Reading]:
    found = {}
    for start in range(_HEAD.size, len(data) - _SLOT.size + 1, _SLOT.size):
        turn, number, epoch, sent, length, crc = _SLOT.unpack_from(data, start)
        if number:
            torn = turn % 2 == 1 or length < 0
            found[number] = Reading(number, epoch, sent, None if torn else (length, crc), length == _ELSEWHERE)
    return found


def _mapped(path: Path, boot: str) -> mmap.mmap | None:
    """A new file beside the old one, its room taken at once: a disk that fills up later would end the process."""
    new = _new(path)
    try:
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            size = _HEAD.size + _SLOTS * _SLOT.size
            os.posix_fallocate(handle, 0, size)
            room = mmap.mmap(handle, size)
        finally:
            os.close(handle)
    except (OSError, ValueError) as cause:
        logging.getLogger("sendoff.meter").warning("%s cannot be used: %s; after a kill, what was sent until then is not counted", path, cause)
        return None
    _HEAD.pack_into(room, 0, *_head(boot))
    return room


def _put_in_place(path: Path) -> None:
    """The old file has been read, and all that it held is in the new one."""
    try:
        os.replace(_new(path), path)
    except OSError as cause:
        logging.getLogger("sendoff.meter").warning("%s cannot be replaced: %s; after a kill, what was sent until then is not counted", path, cause)


def _new(path: Path) -> Path:
    return path.with_name(path.name + ".new")


def _head(boot: str) -> tuple[bytes, bytes]:
    return _MAGIC, boot.encode()[:56].ljust(56, b"\0")
