"""What can be read only once, kept safe before its upload gets an id."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sendoff.desk.folder import sync
from sendoff.errors import JournalFull, SendoffError, SourceChanged, SourceUnreadable

if TYPE_CHECKING:
    from sendoff.desk.place import Place
    from sendoff.desk.room import Room

BLOCK = 1 << 20
_FICLONE = 0x40049409  # ioctl_ficlone(2)


class Incoming:
    """A new file in the spool's incoming folder.

    path: of it. name: what a request calls it. what: that is kept, for messages. room: what the spool still takes; None = somebody has looked.
    """

    def __init__(self, path: str, descriptor: int, what: str, room: Room | None = None) -> None:
        self.path = path
        self.name = os.path.basename(path)
        self._descriptor, self._what, self._room = descriptor, what, room

    def fill(self, source: int = 0) -> None:
        """Take in all that can be read from a descriptor; it is on disk when this returns."""
        self.fill_from(lambda: os.read(source, BLOCK))

    def fill_from(self, read: Callable[[], bytes]) -> None:
        """Take in what a function gives, block by block, up to an empty one; it is on disk when this returns.

        Errors: ``NoSpace`` where the spool takes no more of it, ``SourceUnreadable`` where the function fails, ``JournalFull``.
        """
        while block := read_block(read, self._what):
            if self._room is not None:
                self._room.take(len(block), self._what)
            with self._writing():
                self._write(block)
        with self._writing():
            os.fsync(self._descriptor)
            sync(os.path.dirname(self.path))

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """What fails in it is our disk, and not the source."""
        try:
            yield
        except OSError as cause:
            from errno import EDQUOT, ENOSPC

            if cause.errno in (ENOSPC, EDQUOT):
                raise JournalFull(f"there is no space left to keep {self._what}; nothing was stored") from cause
            raise SendoffError(f"{self._what} cannot be kept: {cause.strerror or cause}") from cause

    def copy(self, file: int) -> None:
        """Take in a whole open file: shared with it where the file system can, else byte by byte; its modification time goes along.

        Errors: ``SourceChanged`` where it did not hold still.
        """
        before = os.fstat(file)
        try:
            fcntl.ioctl(self._descriptor, _FICLONE, file)
        except OSError:  # another file system, or one that shares nothing
            self._check_room(before.st_size)
            self.fill(file)
        after = os.fstat(file)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or os.fstat(self._descriptor).st_size != after.st_size:
            raise SourceChanged(f"{self._what} was changed while it was copied; nothing was stored", hint="put it again once nobody writes to it")
        os.utime(self._descriptor, ns=(after.st_atime_ns, after.st_mtime_ns))
        os.fsync(self._descriptor)
        sync(os.path.dirname(self.path))

    def _check_room(self, size: int) -> None:
        found = os.fstatvfs(self._descriptor)
        if size > found.f_bavail * found.f_frsize:
            raise JournalFull(f"there is no space left to keep {self._what}; nothing was stored")

    def _write(self, block: bytes) -> None:
        rest = memoryview(block)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]


@contextmanager
def incoming(place: Place, what: str = "standard input", room: Room | None = None) -> Iterator[Incoming]:
    """A place for a stream, gone when the block ends, unless an operation has taken it over.

    It is locked all the while: whoever tidies up takes an unlocked one for a dead client's.
    """
    from uuid import uuid4

    place.prepare()
    folder = incoming_folder(place.state)
    path = os.path.join(folder, str(uuid4()))
    descriptor = _locked(path)
    while not os.path.exists(path):  # a host that starts between open and lock takes it for a dead client's
        os.close(descriptor)
        path = os.path.join(folder, str(uuid4()))
        descriptor = _locked(path)
    try:
        yield Incoming(path, descriptor, what, room)
    finally:
        with suppress(FileNotFoundError):  # an operation that was created has taken it over
            os.unlink(path)
        os.close(descriptor)


def read_block(read: Callable[[], bytes], what: str) -> bytes:
    """The next block of a source; ``SourceUnreadable`` says that reading it failed, and nothing of ours. what: it is, for the message."""
    try:
        return read()
    except OSError as cause:
        raise SourceUnreadable(f"{what} cannot be read: {cause.strerror or str(cause) or type(cause).__name__}; nothing was stored") from cause


def _locked(path: str) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def incoming_folder(state: str) -> str:
    """Where what comes in is kept until the host has taken it over; made where it is missing."""
    spool = os.path.join(state, "spool")
    folder = os.path.join(spool, "incoming")
    for path in (spool, folder):
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
            sync(os.path.dirname(path))
    return folder
