"""What counts as there only as long as this process lives, or until it lets go: an open batch, a client."""

from __future__ import annotations

import fcntl
import os
import threading
import time
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
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self.id = Identifiers(SystemRandom()).new(time.time_ns() // 1_000_000)
        self._path = os.path.join(place.state, "spool", "incoming", self.id)
        self._descriptor: int | None = None
        self._lock = threading.Lock()

    @property
    def taken(self) -> bool:
        """Whether it is held."""
        return self._descriptor is not None

    def take(self) -> None:
        """Hold it from now on; nothing happens when it is held already."""
        with self._lock:
            if self._descriptor is None:
                self._place.prepare()
                incoming_folder(self._place.state)
                self._descriptor = self._locked()

    def release(self) -> None:
        """Let it go; a host sees that nobody has it any more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(FileNotFoundError):
                os.unlink(self._path)
            os.close(descriptor)

    def drop(self) -> None:
        """In a forked child: it is the parent's alone."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _locked(self) -> int:
        """The lock's file, ours; a host that starts between open and lock takes an unlocked one for a dead client's."""
        while True:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.exists(self._path):
                return file
            os.close(file)
