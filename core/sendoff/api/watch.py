"""Watching operations for whoever holds a handle, through the death and return of hosts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from sendoff.api.callbacks import Callbacks
from sendoff.errors import InvalidState, SendoffError
from sendoff.model.event import ENDS, Event
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Order, Query, Selection, View

if TYPE_CHECKING:
    from sendoff.desk.client import DeskClient

TURNS = tuple(sorted(ENDS | {"waiting", "paused", "resumed", "changed", "retried"}))  # events after which an operation may stand elsewhere
AT_ONCE = 100
LONGEST_END = 5.0  # seconds; a thread that follows hears something every second
SOON = 0.1  # seconds a look may be put off for company


class Watcher(Protocol):
    """Somebody who waits for an operation.

    id: of the operation. wants_progress: whether it is to be told how far it is in between.
    """

    id: str
    wants_progress: bool

    def looked(self, view: View | None) -> None:
        """How the operation stands; None when there is no such operation."""

    def progressed(self, progress: UploadProgress) -> None:
        """How far it is."""

    def gave_up(self, error: SendoffError) -> None:
        """Nothing more will be heard."""

    def done(self) -> bool:
        """Whether the end was seen, whichever it was."""
        ...


class Watch:
    """One thread that follows what happens, while somebody holds a handle of something that has not ended; what it sees goes to the handles.

    What handles know is guarded by ``changed``.
    """

    def __init__(self, desk: Callable[[], DeskClient]) -> None:
        self._desk = desk
        self.callbacks = Callbacks()
        self.renew()

    def renew(self) -> None:
        """In a forked child: threads and whoever is watched are the parent's."""
        self.changed = threading.Condition()
        self._watched: dict[str, list[Watcher]] = {}
        self._new: set[str] = set()
        self._following: threading.Thread | None = None
        self._looking: threading.Thread | None = None
        self._turn = threading.Lock()  # of looking: what one look finds is told before the next one looks
        self._listening = self._closed = False
        self.callbacks.renew()

    def add(self, handle: Watcher) -> None:
        """Watch for this one, too; nothing happens when it is watched for already, or at its end."""
        with self.changed:
            if self._closed:
                raise InvalidState("this client is closed")
            handles = self._watched.setdefault(handle.id, [])
            if handle not in handles:
                handles.append(handle)
                self._new.add(handle.id)
                self._go_on()

    def drop(self, handle: Watcher) -> None:
        """Nobody waits with this one any more."""
        with self.changed:
            handles = self._watched.get(handle.id, [])
            if handle in handles:
                handles.remove(handle)
            if not handles:
                self._watched.pop(handle.id, None)

    def close(self) -> None:
        """Whoever waits is told that nobody watches any more. When this returns no thread of ours asks anything, so none starts a host either."""
        with self.changed:
            self._closed = True
            threads = [thread for thread in (self._following, self._looking) if thread not in (None, threading.current_thread())]
        self._give_up(InvalidState("this client was closed while it waited; the upload goes on"))
        for thread in threads:
            if thread is not None:
                thread.join(LONGEST_END)

    # -- the thread that follows ------------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Begin to follow, or, where that has begun, look at once at who is new."""
        if self._following is None:
            self._following = _begun(self._follow_on, "sendoff-watch")
        elif self._listening and self._looking is None:
            self._looking = _begun(self._look_at_new, "sendoff-look")

    def _follow_on(self) -> None:
        me = threading.current_thread()
        while self._wanted(me):
            try:
                self._follow()
            except SendoffError as error:
                self._give_up(error)
            finally:
                with self.changed:
                    self._listening = False

    def _wanted(self, me: threading.Thread) -> bool:
        with self.changed:
            if self._watched and not self._closed and self._following is me:
                return True
            if self._following is me:
                self._following = None
            return False

    def _follow(self) -> None:
        progress = self._wants_progress()
        happened: dict[str, None] = {}
        since = 0.0
        news: object
        for news in self._desk().follow_always(Query(types=TURNS), after=None, progress=progress):
            if not self._listening:  # the first word of a host says that it listens
                with self.changed:
                    self._listening = True
                    self._new.update(self._watched)
                self._look_at_new()
            elif isinstance(news, Event) and news.operation in self._watched:
                since = time.monotonic() if not happened else since
                happened[news.operation] = None
            elif isinstance(news, Event) and news.type == "waiting":
                happened.update(dict.fromkeys(list(self._watched)[:AT_ONCE]))  # it may ask a person for these, too
            elif isinstance(news, UploadProgress):
                self._progressed(news)
            if happened and (news is None or len(happened) >= AT_ONCE or time.monotonic() - since > SOON):
                self._look(list(happened))
                happened.clear()
            if not self._watched or progress != self._wants_progress():
                return

    def _wants_progress(self) -> bool:
        with self.changed:
            return any(handle.wants_progress for handles in self._watched.values() for handle in handles)

    # -- looks ------------------------------------------------------------------------------------------------------

    def _look_at_new(self) -> None:
        try:
            while new := self._taken():
                self._look(new)
        except SendoffError as error:
            self._give_up(error)
        finally:
            with self.changed:
                if self._looking is threading.current_thread():
                    self._looking = None
                    if self._new and self._listening:
                        self._looking = _begun(self._look_at_new, "sendoff-look")

    def _taken(self) -> list[str]:
        with self.changed:
            new, self._new = list(self._new), set()
            return new

    def _look(self, ids: Sequence[str]) -> None:
        for some in _slices(ids):
            with self._turn:
                self._settle(self._desk().page(Query(ids=tuple(some)), limit=AT_ONCE).items, some)

    def _settle(self, views: Sequence[View], ids: Iterable[str]) -> None:
        """Tell the handles; those of an end are let go. The end counts as seen first: a program may leave as soon as it was told."""
        self.told(views)
        found = {str(view["id"]): view for view in views}
        with self.changed:
            told = [(handle, found.get(id)) for id in ids for handle in self._watched.get(id, [])]
        for handle, view in told:
            handle.looked(view)
            if handle.done():
                self.drop(handle)

    def told(self, views: Sequence[View]) -> None:
        """Whose end somebody was told leaves the list; failed ones stay there, with what a retry needs."""
        ids = tuple(view["id"] for view in views if view["status"] in ("completed", "canceled") and not view["acknowledged_at"])
        if ids:
            with suppress(SendoffError):  # it was told, and the list can wait
                self._desk().order(Order(verb="acknowledge"), Selection(ids=ids))

    def _progressed(self, progress: UploadProgress) -> None:
        with self.changed:
            told = list(self._watched.get(progress.operation, []))
        for handle in told:
            handle.progressed(progress)

    def _give_up(self, error: SendoffError) -> None:
        """Nobody can be asked any more: every wait ends with that."""
        with self.changed:
            told = [handle for handles in self._watched.values() for handle in handles]
            self._watched, self._new = {}, set()
        for handle in told:
            handle.gave_up(error)


def _begun(work: Callable[[], None], name: str) -> threading.Thread:
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def _slices(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
