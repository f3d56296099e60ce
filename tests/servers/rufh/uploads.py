"""All upload resources of a server, by their ids."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Lock

from tests.servers.rufh.upload import State, Upload, reopened


class Uploads:
    """Kept in a folder, one below for each; what a former run left there goes on.

    clock: the wall clock, in seconds, for lifetimes.
    """

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder, self._clock = folder, clock
        self._known: dict[str, Upload] = {}
        self._moved: dict[str, tuple[str, int]] = {}
        self._lock = Lock()

    def open(self) -> None:
        """Finds what a former run left, and drops what is of no use any more."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for folder in self._folder.iterdir():
            upload = reopened(folder)
            if upload is None:
                shutil.rmtree(folder)
            else:
                self._known[upload.state.id] = upload

    def create(self, state: State, *, listed: bool) -> Upload:
        """A new one, with an id that nobody guesses (section "Security Considerations"); ``listed=False``: only for this request."""
        made = replace(state, id=secrets.token_urlsafe(16))
        folder = self._folder / made.id
        folder.mkdir()
        upload = Upload(folder, made, listed=listed)
        upload.data.touch()
        upload.become(made)
        if listed:
            with self._lock:
                self._known[made.id] = upload
        return upload

    def find(self, id: str) -> Upload | None:
        """The one of an id, if it is active and still has time."""
        with self._lock:
            upload = self._known.get(id)
        return upload if upload is not None and upload.active and (self.left(upload) or 0) >= 0 else None

    def now(self) -> float:
        """The wall clock, in seconds."""
        return self._clock()

    def left(self, upload: Upload) -> float | None:
        """How many seconds it still has; None = it does not age."""
        until = upload.state.expires_at
        return None if until is None else until - self._clock()

    def moved(self, id: str) -> tuple[str, int] | None:
        """Where it is now, and the status that says so."""
        with self._lock:
            return self._moved.get(id)

    def live(self) -> tuple[str, ...]:
        """The ids of those that a client could go on with or ask about."""
        with self._lock:
            known = tuple(self._known)
        return tuple(id for id in known if self.find(id) is not None)

    # -- what scripts do to them

    def forget(self, id: str) -> None:
        """As if it had never been."""
        with self._lock:
            upload = self._known.pop(id, None)
        if upload is not None:
            with upload.held(lambda: None):
                upload.end()

    def expire(self, id: str) -> None:
        """Its time is over."""
        if (upload := self.find(id)) is not None:
            upload.become(replace(upload.state, expires_at=self._clock() - 1))

    def move(self, id: str, status: int) -> None:
        """It has another address from now on."""
        if (upload := self.find(id)) is None:
            return
        other = secrets.token_urlsafe(16)
        with self._lock:
            self._known[other] = self._known.pop(id)
            self._moved[id] = (other, status)
        upload.become(replace(upload.state, id=other))
