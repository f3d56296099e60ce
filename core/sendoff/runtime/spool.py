"""Copies of what cannot be read again: standard input, bytes, streams."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sendoff.desk.folder import sync
from sendoff.errors import InvalidArgument, NoSpace, SendoffError
from sendoff.model.quantity import size_text


class Spool:
    """``incoming``: being written by clients, each under a lock; beside it: what operations own. limit: bytes in all."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._incoming, self.limit = folder, folder / "incoming", limit
        self._in_hand: set[Path] = set()

    def open(self) -> None:
        """Make the folders and remove what a client left that died while writing."""
        self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.tidy()

    def tidy(self) -> int:
        """Remove what a client left that died while writing; how many files. One that begins just now sees that its own went, and takes another."""
        gone = 0
        for path in self._orphans():
            path.unlink(missing_ok=True)
            gone += 1
        return gone

    def holds(self, name: str) -> bool:
        """Whether a client that lives has this incoming file under its lock; so it counts, too, while nobody can look."""
        try:
            handle = os.open(self._incoming / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def adopt(self, name: str) -> Path:
        """Take over what a client has written and synced; its path from now on."""
        source, target = self._incoming / name, self.target(name)
        if not (source.exists() or target.exists()):
            raise InvalidArgument(f"there is no spooled file {name!r}")
        if source.exists():
            self._must_fit(source.stat().st_size)
            self._in_hand.add(target)
            source.rename(target)
            sync(self._folder)
        return target

    def adopt_all(self, names: Sequence[str]) -> None:
        """Take over several, or none."""
        fresh = [target for target in map(self.target, names) if not target.exists()]
        try:
            for name in names:
                self.adopt(name)
        except SendoffError:
            for target in fresh:
                self.settle(str(target), keep=False)
            raise

    def settle(self, path: str, *, keep: bool) -> None:
        """What was adopted belongs to a stored operation (``keep``), or to nobody and goes."""
        if not keep:
            self.remove(path)
        self._in_hand.discard(Path(path))

    def target(self, name: str) -> Path:
        """Where a spooled file lies once it is adopted."""
        if "/" in name or name.startswith(".") or not name or "\0" in name:
            raise InvalidArgument(f"{name!r} is not the name of a spooled file")
        return self._folder / name

    def path(self, name: str) -> Path:
        """Where a spooled file lies now, adopted or not."""
        target = self.target(name)
        return target if target.exists() else self._incoming / name

    def adopted(self) -> set[str]:
        """The copies that some operation must own; those that are just being stored are not among them."""
        return {entry.path for entry in os.scandir(self._folder) if entry.is_file()} - {str(path) for path in self._in_hand}

    def remove(self, path: str) -> None:
        """Forget a copy; it may be gone already."""
        found = Path(path)
        if found.parent == self._folder:
            found.unlink(missing_ok=True)

    def used(self) -> int:
        """Bytes that operations own."""
        return sum(map(_size, os.scandir(self._folder)))

    def _must_fit(self, more: int) -> None:
        if self.used() + more > self.limit:
            raise NoSpace(f"the spool would grow past {size_text(self.limit)}", hint="raise [limits] spool, or wait until uploads from it are done")

    def _orphans(self) -> Iterator[Path]:
        """Files nobody holds a lock on; one that cannot be looked at stays: its client removes it just now, or the next look finds it."""
        for path in list(self._incoming.iterdir()):
            try:
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except OSError:
                continue
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            else:
                yield path
            finally:
                os.close(handle)


def _size(entry: os.DirEntry[str]) -> int:
    """Bytes of a copy; 0 for one whose upload has just ended."""
    with suppress(FileNotFoundError):
        return entry.stat().st_size if entry.is_file() else 0
    return 0
