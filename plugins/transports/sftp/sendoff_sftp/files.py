"""Files at the server: each call one request, or its number where it is to run beside others."""

from __future__ import annotations

import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sendoff_sftp import wire
from sendoff_sftp.wire import Reply, Said, Wire, cut, text

NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE, UNSUPPORTED = 2, 3, 4, 5, 8
EOF, EXISTS, WRITE_PROTECTED, NO_SPACE, QUOTA = 1, 11, 12, 14, 15
READ, WRITE, CREATE, EXCLUSIVE = 0x01, 0x02, 0x08, 0x20
FSYNC, RENAME_OVER, LINK, SPACE, CHECK = "fsync@openssh.com", "posix-rename@openssh.com", "hardlink@openssh.com", "statvfs@openssh.com", "check-file"
_SIZE, _OWNERS, _MODE, _TIMES = 0x01, 0x02, 0x04, 0x08
_READ_ONLY = 0x1  # of statvfs@openssh.com, PROTOCOL section 4.5
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the server says of a file; None = it does not say. mtime: whole seconds."""

    size: int | None = None
    mode: int | None = None
    mtime: int | None = None

    @property
    def regular(self) -> bool:
        """Whether it is a plain file, as far as the server says."""
        return self.mode is None or stat.S_IFMT(self.mode) in (0, stat.S_IFREG)


@dataclass(frozen=True, slots=True)
class Room:
    """What a file system has left. free: bytes. names: whether it takes one more file."""

    free: int
    read_only: bool
    names: bool = True


class Files:
    """The calls of one conversation. Errors: ``Said``."""

    def __init__(self, conversation: Wire) -> None:
        self.wire = conversation

    def offers(self, extension: str) -> bool:
        """Whether the server says that it knows this extension."""
        return extension in self.wire.extensions

    # -- by path

    def lstat(self, path: bytes) -> Attributes | None:
        """What is there; None = nothing."""
        return _perhaps(lambda: self.attributes(self.wire.answer(self.look_at(path))))

    def look_at(self, path: bytes) -> int:
        """Number of the request that asks what is there."""
        return self.wire.ask(wire.LSTAT, text(path))

    @staticmethod
    def attributes(reply: Reply) -> Attributes:
        """What a look brought."""
        return _attributes(reply)

    def stat(self, path: bytes) -> Attributes | None:
        """What is there, links followed; None = nothing."""
        return _perhaps(lambda: _attributes(self._do(wire.STAT, text(path))))

    def open(self, path: bytes, flags: int, mode: int | None = None) -> bytes:
        """A handle."""
        return self.opened(self.wire.answer(self.start(path, flags, mode)))

    def start(self, path: bytes, flags: int, mode: int | None = None) -> int:
        """Number of the request that opens it."""
        wanted = struct.pack(">II", _MODE, mode) if mode is not None else struct.pack(">I", 0)
        return self.wire.ask(wire.OPEN, text(path) + struct.pack(">I", flags) + wanted)

    @staticmethod
    def opened(reply: Reply) -> bytes:
        """The handle that a ``start`` brought."""
        return cut(reply.body)[0]

    def remove(self, path: bytes) -> bool:
        """Whether there was something to remove; when this returns, nothing is there."""
        return _perhaps(lambda: self._do(wire.REMOVE, text(path))) is not None

    def make_folder(self, path: bytes) -> None:
        """One folder."""
        self._do(wire.MKDIR, text(path) + struct.pack(">I", 0))

    def rename(self, path: bytes, to: bytes) -> None:
        """Plain: on most servers a failure where something has the new name already."""
        self._do(wire.RENAME, text(path) + text(to))

    def rename_over(self, path: bytes, to: bytes) -> None:
        """In one step, in the place of whatever has the new name."""
        self.wire.answer(self.put_over(path, to))

    def put_over(self, path: bytes, to: bytes) -> int:
        """Number of the request of ``rename_over``."""
        return self.wire.extended(RENAME_OVER, text(path) + text(to))

    def link(self, path: bytes, to: bytes) -> None:
        """A second name; a failure where something has it already."""
        self._extension(LINK, text(path) + text(to))

    def room(self, folder: bytes) -> Room | None:
        """What the file system of a folder has left; None = the server does not say."""
        if not self.offers(SPACE):
            return None
        try:
            body = self._extension(SPACE, text(folder or b".")).body
            _, unit, _, _, available, files, _, more, _, flags, _ = struct.unpack(">11Q", body[:88])
        except (Said, struct.error):
            return None
        return Room(unit * available, bool(flags & _READ_ONLY), more > 0 or files == 0)  # some count no files

    # -- by handle

    def close(self, handle: bytes) -> None:
        """Done with it; a server that writes late says now what went wrong."""
        self.wire.answer(self.end(handle))

    def end(self, handle: bytes) -> int:
        """Number of the request that closes it."""
        return self.wire.ask(wire.CLOSE, text(handle))

    def fstat(self, handle: bytes) -> Attributes:
        """What the open file is."""
        return self.looked(self.look(handle))

    def look(self, handle: bytes) -> int:
        """Number of the request that asks what it is."""
        return self.wire.ask(wire.FSTAT, text(handle))

    def looked(self, number: int) -> Attributes:
        """What a ``look`` brought."""
        return _attributes(self.wire.answer(number))

    def cut_off(self, handle: bytes, size: int) -> None:
        """Whatever lies beyond goes."""
        self._do(wire.FSETSTAT, text(handle) + struct.pack(">IQ", _SIZE, size))

    def set_times(self, handle: bytes, seconds: int) -> int:
        """Number of the request that sets its times; they travel as 32 bits."""
        stamp = max(0, min(seconds, 0xFFFFFFFF))
        return self.wire.ask(wire.FSETSTAT, text(handle) + struct.pack(">III", _TIMES, stamp, stamp))

    def set_mode(self, handle: bytes, mode: int) -> int:
        """Number of the request that sets its mode."""
        return self.wire.ask(wire.FSETSTAT, text(handle) + struct.pack(">II", _MODE, mode))

    def set_rights(self, path: bytes, mode: int) -> None:
        """By its path, for what cannot be opened."""
        self._do(wire.SETSTAT, text(path) + struct.pack(">II", _MODE, mode))

    def write(self, handle: bytes, offset: int, block: bytes | memoryview) -> int:
        """Number of the request that writes this."""
        return self.wire.ask(wire.WRITE, b"".join((text(handle), struct.pack(">QI", offset, len(block)), block)))

    def read(self, handle: bytes, offset: int, count: int) -> int:
        """Number of the request that reads this."""
        return self.wire.ask(wire.READ, text(handle) + struct.pack(">QI", offset, count))

    def got(self, number: int) -> bytes:
        """What a ``read`` brought; empty at the end of the file."""
        try:
            return cut(self.wire.answer(number).body)[0]
        except Said as said:
            if said.code == EOF:
                return b""
            raise

    def sync(self, handle: bytes) -> int:
        """Number of the request that puts what is written onto the server's disk."""
        return self.wire.extended(FSYNC, text(handle))

    def digests(self, handle: bytes, algorithm: str, start: int, length: int, block: int) -> tuple[str, bytes]:
        """The server's own digests of so many blocks, one after the other (draft-ietf-secsh-filexfer-extensions-00 section 3): algorithm and values."""
        body = text(handle) + text(algorithm.encode()) + struct.pack(">QQI", start, length, block)
        try:
            reply = self._extension("check-file-handle", body)
        except Said as said:
            if said.code not in (UNSUPPORTED, BAD_MESSAGE):
                raise
            reply = self._extension(CHECK, body)
        _, rest = cut(reply.body) if reply.body[4:9] == b"check" else (b"", reply.body)
        name, value = cut(rest)
        return name.decode("ascii", "replace"), value

    def _do(self, kind: int, body: bytes) -> Reply:
        return self.wire.answer(self.wire.ask(kind, body))

    def _extension(self, name: str, body: bytes) -> Reply:
        return self.wire.answer(self.wire.extended(name, body))


def _perhaps(call: Callable[[], Found]) -> Found | None:
    try:
        return call()
    except Said as said:
        if said.code == NO_SUCH_FILE:
            return None
        raise


def _attributes(reply: Reply) -> Attributes:
    body, at = reply.body, 4
    (flags,) = struct.unpack_from(">I", body)
    size = mode = mtime = None
    if flags & _SIZE:
        (size,) = struct.unpack_from(">Q", body, at)
        at += 8
    if flags & _OWNERS:
        at += 8
    if flags & _MODE:
        (mode,) = struct.unpack_from(">I", body, at)
        at += 4
    if flags & _TIMES:
        (mtime,) = struct.unpack_from(">I", body, at + 4)
    return Attributes(size, mode, mtime)
