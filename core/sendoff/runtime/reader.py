"""Reading the source, and noticing when it is no longer what was queued."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
import zlib
from abc import ABC, abstractmethod
from dataclasses import replace
from enum import Enum

from sendoff.errors import SendoffError, SourceChanged, SourceMissing, SourceUnavailable, SourceUnreadable, SourceUnsuitable, Transient
from sendoff.model.source import Source, SourceIdentity
from sendoff.model.web_error import WebErrorStatus

_BLOCK, _PAGE = 2**20, 4096
_ESCAPE = re.compile(r"\\([0-7]{3})")
_KINDS = ((stat.S_ISDIR, "a directory"), (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device"))


class Sameness(Enum):
    """How a source compares with what was queued."""

    SAME = "same"
    MOVED = "moved"  # size and time agree, the file is another: a remount, a restore
    CHANGED = "changed"


def open_source(path: str, mount: str = "/") -> tuple[int, os.stat_result]:
    """An open descriptor of a regular file and what it is; each other thing is its own clear error. Never blocks on a pipe."""
    try:
        handle = _opened(path, mount)
    except OSError as cause:
        raise _why_not(path, mount, cause) from cause
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        kind = next((word for is_kind, word in _KINDS if is_kind(found.st_mode)), "not a regular file")
        raise SourceUnsuitable(f"{path} is {kind}; only a regular file can be uploaded")
    if _made_up(handle, found.st_size):
        os.close(handle)
        raise SourceUnsuitable(f"{path} is made up by the kernel while it is read, and has no size", hint="pipe what it says: sendoff put - TARGET < FILE")
    return handle, found


def _opened(path: str, mount: str) -> int:
    """Once more where its drive is there: it may have come a moment after the first look."""
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        if not _is_away(mount):
            return os.open(path, flags)
        raise


def _is_away(mount: str) -> bool:
    return mount != "/" and not os.path.ismount(mount) and mount not in _mounted()


def _made_up(handle: int, size: int) -> bool:
    """Whether a file's size is no size, as in /proc (0, and there is more) and /sys (a page, and there is less)."""
    if size not in (0, _PAGE):
        return False
    try:
        at_its_end = len(os.pread(handle, 1, max(size - 1, 0)))
    except OSError:
        return False  # whoever reads it is told
    return at_its_end != min(size, 1) and os.fstat(handle).st_size == size


def mount_of(path: str) -> str:
    """The folder that the file's drive or share is mounted on."""
    folder, known = os.path.dirname(os.path.abspath(path)), _mounted()
    while folder != "/" and folder not in known and not os.path.ismount(folder):
        folder = os.path.dirname(folder)
    return folder


def _mounted() -> frozenset[str]:
    """Folders on which something is mounted, as the kernel says (proc(5)); a folder mounted from the same drive shows nowhere else."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            return frozenset(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), line.split(" ")[4]) for line in lines)
    except OSError:
        return frozenset()


def _why_not(path: str, mount: str, cause: OSError) -> SendoffError:
    """The error that says who must act."""
    if cause.errno in (errno.ENOENT, errno.ENOTDIR):
        if _is_away(mount):
            return SourceUnavailable(f"{path} is not there because nothing is mounted on {mount}", hint=f"mount {mount}; the upload then goes on by itself")
        if os.path.islink(path):
            return SourceMissing(f"{path} is a symbolic link to {os.readlink(path)}, which is not there")
        return SourceMissing(f"there is no file {path}")
    if cause.errno in (errno.EACCES, errno.EPERM):
        return SourceUnreadable(f"{path} cannot be read: permission denied", hint="make it readable")
    if cause.errno in (errno.ENXIO, errno.ENODEV):
        return SourceUnsuitable(f"{path} is a socket or a device; only a regular file can be uploaded")
    if cause.errno == errno.ELOOP:
        return SourceMissing(f"{path} is a loop of symbolic links")
    if cause.errno in (errno.ENOTCONN, errno.EHOSTDOWN, errno.ESTALE):
        return SourceUnavailable(f"{path} is not there because its drive or share does not answer: {cause.strerror}", hint="the upload goes on by itself")
    if cause.errno in (errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM):
        return _just_now(f"{path} cannot be opened just now: {cause.strerror}")
    return SourceUnreadable(f"{path} cannot be opened: {cause.strerror}")


def _just_now(what: str) -> Transient:
    """The source's own trouble: no error of the web."""
    return Transient(what, side="source", web_error=int(WebErrorStatus.UNKNOWN))


class Reader(ABC):
    """The open bytes of an operation: one body of known size, to be read at any offset. path: of its file, or of the one that something is wrong with."""

    path: str

    def __init__(self) -> None:
        self._tracking, self._lost, self._crc, self._length = False, False, 0, 0
        self._fresh, self._lock = False, threading.Lock()

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes."""

    @property
    @abstractmethod
    def source(self) -> Source:
        """The source as it is now."""

    @property
    @abstractmethod
    def gone(self) -> bool:
        """Whether it was deleted since it was opened, as the last look at it told; what is open can be read to its end all the same."""

    @abstractmethod
    def sameness(self) -> Sameness:
        """How it compares with what was queued."""

    def readinto(self, buffer: memoryview, offset: int, *, follow: bool = True) -> int:
        """Fill from the source; ``SourceChanged`` when it is no longer what was opened. follow: it is read for being sent."""
        wanted = min(len(buffer), max(self.size - offset, 0))
        if wanted == 0:
            return 0
        count = self._read(buffer[:wanted], offset)
        self.check()
        if count < wanted:
            raise SourceChanged(f"{self.path} was shortened while it was being sent")
        if self._tracking and follow:
            self._follow(buffer[:count], offset)
        return count

    @abstractmethod
    def check(self) -> None:
        """What is open still is what it was; ``SourceChanged``."""

    def track(self, prefix: tuple[int, int] | None = None) -> None:
        """Keep a running CRC32 of what is read in order, from a known ``(length, crc32)`` on; not where that was lost."""
        if not self._tracking and not self._lost:
            self._tracking, self._fresh = True, prefix is not None
            self._length, self._crc = prefix or (0, 0)

    def lose(self) -> None:
        """It was read here and there, by this try or one before it: no CRC is kept."""
        self._tracking, self._lost = False, True

    def prefix(self) -> tuple[int, int] | None:
        """``(length, crc32)`` of all that was read so far; None where that is not known, or it was not read in order."""
        return (self._length, self._crc) if self._tracking else None

    def begins_with(self, prefix: tuple[int, int]) -> bool:
        """Whether the first ``length`` bytes have this CRC32."""
        length, expected = prefix
        return self.size >= length and self._crc_between(0, length, 0) == expected

    @abstractmethod
    def close(self) -> None:
        """Let go of the source."""

    @abstractmethod
    def _read(self, buffer: memoryview, offset: int) -> int:
        """Fill from here, without a look at whether it changed; fewer bytes only at its end."""

    def _follow(self, block: memoryview, offset: int) -> None:
        """Carry the CRC on; a gap is read here after a resume, and ends the following where a driver reads here and there."""
        with self._lock:
            if offset > self._length and not self._fresh:
                self.lose()
                return
            if offset > self._length:
                self._crc, self._length = self._crc_between(self._length, offset, self._crc), offset
            self._fresh = False
            more = block[self._length - offset :]
            self._crc = zlib.crc32(more, self._crc)
            self._length += len(more)

    def _crc_between(self, start: int, stop: int, crc: int) -> int:
        block = memoryview(bytearray(min(_BLOCK, max(stop - start, 1))))
        while start < stop:
            count = self._read(block[: min(len(block), stop - start)], start)
            if count == 0:
                break
            crc = zlib.crc32(block[:count], crc)
            start += count
        return crc


class FileReader(Reader):
    """An open file, or the bytes of it that are asked for. ``identity`` is what it is now; ``expected`` what was queued."""

    def __init__(self, source: Source, boot: str) -> None:
        super().__init__()
        self.path, self.expected, self._queued = source.path, source.identity, source
        self._handle, found = open_source(source.path, source.mount)
        self.identity, self._gone = SourceIdentity.of(found, boot), False

    @property
    def gone(self) -> bool:
        """As ``Reader`` says."""
        return self._gone

    @property
    def size(self) -> int:
        """Bytes that are sent of it."""
        return self.identity.size if self._queued.length is None else self._queued.length

    @property
    def source(self) -> Source:
        """As ``Reader`` says."""
        return replace(self._queued, identity=self.identity)

    def sameness(self) -> Sameness:
        """As ``Reader`` says."""
        if self.expected is None or self.identity.same_file(self.expected):
            return Sameness.SAME
        if not self.identity.same_content(self.expected):
            return Sameness.CHANGED
        ours = self._queued.kind == "spool"
        return Sameness.SAME if ours else Sameness.MOVED  # our own copy got its name after it was looked at, and nobody else writes it

    def check(self) -> None:
        """The open file still is what it was: size and modification time."""
        found = os.fstat(self._handle)
        self._gone = found.st_nlink == 0
        if found.st_size != self.identity.size or found.st_mtime_ns != self.identity.mtime_ns:
            raise SourceChanged(f"{self.path} was changed while it was being sent")

    def close(self) -> None:
        """Let go of the file."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def _read(self, buffer: memoryview, offset: int) -> int:
        done = 0
        while done < len(buffer):
            try:
                count = os.preadv(self._handle, [buffer[done:]], self._queued.offset + offset + done)
            except OSError as cause:
                raise _just_now(f"{self.path} cannot be read: {cause.strerror}") from cause
            if count == 0:
                break
            done += count
        return done
