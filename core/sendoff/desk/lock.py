"""A lock that only one process holds, and that its death frees."""

from __future__ import annotations

import fcntl
import json
import os
import time
import weakref

from sendoff.errors import Json


class Lock:
    """An exclusive kernel lock (``flock``) on a file. What the file says about its holder is information, never proof.

    The file is never removed: a lock on a removed file keeps nobody out.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._owner = 0

    def take(self, patience: float = 0.0, **about: Json) -> bool:
        """Whether the lock is ours now. patience: seconds to try. about: what others may read while we hold it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            taken = _lock(descriptor, patience)
        except BaseException:
            os.close(descriptor)
            raise
        if not taken:
            os.close(descriptor)
            return False
        self._descriptor, self._owner = descriptor, os.getpid()
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"pid": os.getpid(), **about}).encode(), 0)
        _let_go_in_children(self)
        return True

    def release(self) -> None:
        """Give it up; nothing happens when it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if self._owner == os.getpid():  # a child shares the lock: there, only the descriptor is let go
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)

    def stands(self) -> bool:
        """Whether what we hold is still the lock of this place: its file may have been removed, and another be there."""
        if self._descriptor is None:
            return False
        held = os.fstat(self._descriptor)
        try:
            found = os.stat(self._path)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)

    def wait_free(self, patience: float) -> bool:
        """Whether nobody holds it, now or within so many seconds. It is held for a moment to see that: who takes it brings some patience."""
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            return _lock(descriptor, patience)
        finally:
            os.close(descriptor)

    def holder(self) -> dict[str, Json]:
        """What the last holder said about itself: ``pid`` and more; empty when nothing can be read."""
        try:
            with open(self._path, "rb") as file:
                found = json.loads(file.read(4096) or b"{}")
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _lock(descriptor: int, patience: float) -> bool:
    """Lock a file within so many seconds; the kernel has no such call with a limit, so it is asked again."""
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.01)
        else:
            return True


def _let_go_in_children(lock: Lock) -> None:
    """A forked child shares the lock; it must not keep it from others when we die."""
    known = weakref.ref(lock)

    def let_go() -> None:
        held = known()
        if held is not None:
            held.release()

    os.register_at_fork(after_in_child=let_go)
