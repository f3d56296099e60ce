"""Removing everything of an app: the journal, copies, answers, the key that only it has, the socket and the logs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from sendoff.bootstrap import journal_of, keys_of
from sendoff.desk.endpoint import Endpoint
from sendoff.desk.lock import Lock
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable, Json, SendoffError
from sendoff.ports.store import Purging, Store
from sendoff.runtime.key import KEY_NOTE, Key
from sendoff.runtime.remains import remains

PATIENCE = 3.0  # seconds: clients hold a lock for a moment to see whether it is free
_OURS = ("host.sock", "host.log", "host.log.1", "meter")
NOTHING: Mapping[str, Json] = {"open": 0, "statuses": {}, "more": False, "at_servers": 0, "todos": 0}
_LOCKS = ("host.lock", "start.lock")


@dataclass(slots=True)
class Purged:
    """What became of it all. left: what is not ours and stays. key: what became of the key that sealed its secrets, one sentence."""

    files: int = 0
    bytes: int = 0
    left: list[str] = field(default_factory=list)
    key: str | None = None


class Purge:
    """One place whose host has left; nobody can start another while it is ``held``."""

    def __init__(self, place: Place, environment: Mapping[str, str]) -> None:
        self._place, self._environment = place, environment
        self._folder, self._config = Path(place.state), Path(place.config)

    @contextmanager
    def held(self, stop: Callable[[], object] = lambda: None) -> Iterator[None]:
        """The lock of whoever starts a host, then that of the host itself; ``HostUnavailable`` where one stays. stop: tells the host to leave."""
        start, role = Lock(self._place.start_lock), Lock(self._place.lock)
        try:
            self._taken(start)
            stop()
            self._taken(role)
            yield
        finally:
            role.release()
            start.release()

    def _taken(self, lock: Lock) -> None:
        if not lock.take(PATIENCE):
            raise HostUnavailable(f"process {lock.holder().get('pid')} holds {self._place.state}", hint="end it first: sendoff host stop")

    def remains(self) -> Mapping[str, Json]:
        """What would be lost. Errors: whatever keeps the journal from being opened."""
        store, _ = journal_of(folder=self._folder, config_file=self._config, environ=self._environment)
        if not any(self._matching(store.files)):
            return NOTHING
        store.open()
        try:
            return remains(store)
        finally:
            store.close()

    def run(self) -> Purged:
        """Remove it; while held.

        The key goes first: what is left of files after a crash in between is what nobody can open. Before the key goes a journal that lies elsewhere:
        where that cannot be removed, it stays what it was.
        """
        purged = Purged()
        patterns = self._discard_key(purged)
        Endpoint(self._place, self._environment).unlink()
        self._empty("spool/incoming", ("*",), purged)
        self._empty("spool", ("*",), purged)
        self._empty("responses", ("[0-9]*",), purged)
        self._empty("", (*patterns, *_OURS), purged)
        purged.left = [str(path) for path in sorted(self._folder.rglob("*")) if path.name not in _LOCKS or path.parent != self._folder]
        for name in _LOCKS:
            self._remove(self._folder / name, purged)
        if not purged.left:
            self._folder.rmdir()
        return purged

    def _discard_key(self, purged: Purged) -> Sequence[str]:
        """Remove a journal that lies elsewhere, then the key that is this journal's alone; gives the names of the journal's files here."""
        store, configuration = journal_of(folder=self._folder, config_file=self._config, environ=self._environment)
        if not any(self._matching(store.files)):
            return store.files
        try:
            journal, made = store.open().journal, bool(store.note(KEY_NOTE, ["key"]))
            store.close()
        except SendoffError as error:
            if isinstance(store, Purging):
                self._tell_how_it_is_left(store, error)
                raise  # it would stay where it is, and nobody would know of it any more
            purged.key = f"its key, if it has one, stays in {self._config.parent / 'keys'}: {error.message}"
            return store.files
        if isinstance(store, Purging):
            try:
                store.purge()
            except SendoffError as error:
                self._tell_how_it_is_left(store, error)
                raise
        purged.key = _discarded(keys_of(journal, configuration, folder=self._config.parent, environ=self._environment), made=made)
        return store.files

    def _tell_how_it_is_left(self, store: Store, error: SendoffError) -> None:
        """A server that is gone for good keeps nobody from removing the rest."""
        marks = " and ".join(str(path) for path in self._matching(store.files))
        error.hint = f"{error.hint or 'see what keeps it'}; or remove {marks} to leave the journal where it is, and purge again"

    def _matching(self, patterns: Sequence[str]) -> Iterator[Path]:
        for path in self._folder.iterdir():
            if any(fnmatch(path.name, pattern) for pattern in patterns):
                yield path

    def _empty(self, below: str, patterns: Sequence[str], purged: Purged) -> None:
        """Remove the files of ours in one folder, and the folder when nothing else is in it."""
        folder = self._folder / below
        if folder.is_symlink() or not folder.is_dir():
            return
        for entry in list(os.scandir(folder)):
            if not entry.is_dir(follow_symlinks=False) and any(fnmatch(entry.name, pattern) for pattern in patterns):
                self._remove(Path(entry.path), purged)
        if below and not any(folder.iterdir()):
            folder.rmdir()

    @staticmethod
    def _remove(path: Path, purged: Purged) -> None:
        try:
            size = path.lstat().st_size
            path.unlink()
        except FileNotFoundError:
            return
        purged.files += 1
        purged.bytes += size


def _discarded(keys: Sequence[Key], *, made: bool) -> str | None:
    """What became of it, wherever it was. made: whether there is one, so that a place that cannot be looked at is worth a word."""
    told = [said for key in keys if key.usable() is None and (said := key.discard()) is not None]
    closed = [f"its key may be left ({key.describe().partition(';')[0]}): {reason}" for key in keys if (reason := key.usable()) is not None]
    return "; ".join(told) or (closed[0] if closed and made else None)
