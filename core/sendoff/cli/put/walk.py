"""The files in a folder and below it."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from sendoff.cli.put.choice import Choice
from sendoff.cli.put.refusals import SHOWN, Refusals
from sendoff.cli.text import is_whole
from sendoff.errors import SourceUnreadable, SourceUnsuitable

RENAME = "rename it, or leave it out with --exclude"
GONE = (FileNotFoundError, NotADirectoryError)  # between two looks of ours
Looking = Callable[["os.DirEntry[str]", bool], os.stat_result]


class Found(NamedTuple):
    """A file to put. path: absolute. name: below the destination; None where the destination is the whole target. seen: size and mtime in nanoseconds.
    walked: nobody named it."""

    path: str
    name: str | None
    seen: tuple[int, int] | None = None
    walked: bool = False


class Folder(NamedTuple):
    """A folder on the way. path: absolute. below: the path below the source, empty or ending in ``/``. above: itself and what it lies in, device and inode."""

    path: str
    below: str
    above: tuple[tuple[int, int], ...] = ()


class Walk:
    """Walks through folders, each file looked at once at most.

    choice: which files. follow: symbolic links lead on; without it they are left out. seeing: size and time of each file are wanted.
    look: how a file is looked at.

    left: what was left out, counted: ``links special young vanished``. refusals: what cannot be put. warnings: what was left out and should be known;
    ``more_warnings``: how many are not kept.
    """

    def __init__(self, choice: Choice, refusals: Refusals, *, follow: bool = False, seeing: bool = False, look: Looking | None = None) -> None:
        self.choice, self.refusals, self.follow, self.seeing = choice, refusals, follow, seeing
        self._looks = seeing or choice.before is not None
        self._look = look or _look
        self.left: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.more_warnings = 0

    def below(self, path: str, prefix: str) -> Iterator[Found]:
        """Every file below a folder, in the order of their names. path: absolute. prefix: what stands before each name, empty or ending in ``/``."""
        waiting = [Folder(path, "", self._itself(path))]
        while waiting:
            folder = waiting.pop()
            deeper: list[Folder] = []
            for entry in self._entries(folder):
                below = folder.below + entry.name
                if self._is_folder(entry):
                    deeper += self._entered(entry, folder, below)
                elif self.choice.takes(below):
                    yield from self._file(entry, prefix + below)
            waiting += reversed(deeper)

    def _itself(self, path: str) -> tuple[tuple[int, int], ...]:
        """How a folder is known again; where nothing is followed nobody comes back to it."""
        with suppress(OSError):  # it is gone, as is found out when it is read
            return (_mark(os.stat(path)),) if self.follow else ()
        return ()

    def _entries(self, folder: Folder) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder.path) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except GONE:
            self.left["vanished"] += 1
        except OSError as cause:
            self.refusals.add(unreadable(folder.path, cause))
        return []

    def _is_folder(self, entry: os.DirEntry[str]) -> bool:
        if not entry.is_symlink():
            return entry.is_dir(follow_symlinks=False)
        try:
            return self.follow and entry.is_dir()
        except OSError:  # a link that leads to itself is found out when it is looked at
            return False

    def _entered(self, entry: os.DirEntry[str], folder: Folder, below: str) -> Iterator[Folder]:
        """The folder, if it is to be walked through."""
        if not self.choice.enters(below):
            return
        if not is_whole(entry.name):
            self.refusals.add(not_utf8(entry.path))
        elif not self.follow:
            yield Folder(entry.path, f"{below}/")
        else:
            yield from self._followed(entry, folder, below)

    def _followed(self, entry: os.DirEntry[str], folder: Folder, below: str) -> Iterator[Folder]:
        try:
            mark = _mark(entry.stat())
        except OSError:  # it is gone
            self.left["vanished"] += 1
            return
        if mark in folder.above:
            self._warn(f"{entry.path} leads back to a folder that it lies in; it was not followed")
        else:
            yield Folder(entry.path, f"{below}/", (*folder.above, mark))

    def _file(self, entry: os.DirEntry[str], name: str) -> Iterator[Found]:
        """The file, if it is one."""
        if entry.is_symlink() and not self.follow:
            self.left["links"] += 1
        elif not is_whole(entry.name):
            self.refusals.add(not_utf8(entry.path))
        elif entry.is_symlink() or self._looks:
            yield from self._looked_at(entry, name)
        elif entry.is_file(follow_symlinks=False):
            yield Found(entry.path, name, None, True)
        else:
            self.left["special"] += 1

    def _looked_at(self, entry: os.DirEntry[str], name: str) -> Iterator[Found]:
        try:
            seen = self._look(entry, self.follow)
        except OSError as cause:
            self._not_seen(entry, cause)
        else:
            yield from self._judged(entry, name, seen)

    def _not_seen(self, entry: os.DirEntry[str], cause: OSError) -> None:
        if cause.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            self.refusals.add(unreadable(entry.path, cause))
        elif entry.is_symlink():
            self._warn(f"{entry.path} is a symbolic link that leads nowhere; it was left out")
        else:
            self.left["vanished"] += 1

    def _judged(self, entry: os.DirEntry[str], name: str, seen: os.stat_result) -> Iterator[Found]:
        if not stat.S_ISREG(seen.st_mode):
            self.left["special"] += 1
        elif self.choice.before is not None and seen.st_mtime_ns > self.choice.before:
            self.left["young"] += 1
        else:
            yield Found(entry.path, name, (seen.st_size, seen.st_mtime_ns) if self.seeing else None, True)

    def _warn(self, text: str) -> None:
        if len(self.warnings) < SHOWN:
            self.warnings.append(text)
        else:
            self.more_warnings += 1


def not_utf8(path: str) -> SourceUnsuitable:
    """What is said of a name that is not text."""
    return SourceUnsuitable(f"the name of {path} is not valid UTF-8", hint=RENAME)


def unreadable(path: str, cause: OSError) -> SourceUnreadable:
    """What is said of a file or folder that is there and cannot be read."""
    return SourceUnreadable(f"{path} cannot be read: {(cause.strerror or str(cause)).lower()}", hint="make it readable, or leave it out with --exclude")


def _look(entry: os.DirEntry[str], follow: bool) -> os.stat_result:
    return entry.stat(follow_symlinks=follow)


def _mark(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
