"""What counts as there only as long as this process lives, or until it lets go: an open batch, a client."""

from __future__ import annotations

import fcntl
import os
import threading
import time
import weakref
from contextlib import suppress
from random import SystemRandom
from typing import TYPE_CHECKING

from sendoff.desk.incoming import incoming_folder
from sendoff.model.identifier import Identifiers

if TYPE_CHECKING:
    from sendoff.desk.place import Place


class Hold:
    """Something that a host sees to be held. id: by which it is known there.

    Its lock lies among the incoming files, where whoever tidies up removes it once nobody holds it. A forked child holds it, too, unless it drops it.
    Who forgets it lets it go.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.id = Identifiers(SystemRandom()).new(time.time_ns() // 1_000_000)
        self._path = os.path.join(place.state, "spool", "incoming", self.id)
        self._held: weakref.finalize[[int, str, int], Hold] | None = None
        self._lock = threading.Lock()

    @property
    def taken(self) -> bool:
        """Whether it is held."""
        return self._held is not None

    def take(self) -> None:
        """Hold it from now on; nothing happens when it is held already."""
        with self._lock:
            if self._held is None:
                self._place.prepare()
                incoming_folder(self._place.state)
                self._held = weakref.finalize(self, _let_go, self._locked(), self._path, os.getpid())
                self._held.atexit = False  # the kernel lets it go then

    def release(self) -> None:
        """Let it go; a host sees that nobody has it any more. In a forked child it stays the parent's."""
        held, self._held = self._held, None
        if held is not None:
            held()

    def drop(self) -> None:
        """In a forked child: it is the parent's alone."""
        self.release()

    def _locked(self) -> int:
        """The lock's file, ours; a host that starts between open and lock takes an unlocked one for a dead client's."""
        while True:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.exists(self._path):
                return file
            os.close(file)


def _let_go(descriptor: int, path: str, process: int) -> None:
    """Its file is taken away by the process that made it, and by no child of that."""
    if os.getpid() == process:
        with suppress(FileNotFoundError):
            os.unlink(path)
    os.close(descriptor)
