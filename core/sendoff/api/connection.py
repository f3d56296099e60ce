"""What all objects of one client share: the desk, whoever watches, and their end; and the ones that a whole program shares."""

from __future__ import annotations

import atexit
import os
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sendoff.api.life import Life, Parity
from sendoff.api.mode import mode_of
from sendoff.api.watch import TURNS, Watch
from sendoff.api.way import HostOrOwn
from sendoff.desk.client import DeskClient
from sendoff.desk.place import Place
from sendoff.errors import InvalidState, Json, SendoffError
from sendoff.model.query import Applied, Order, Query, Selection, View, every

if TYPE_CHECKING:
    from sendoff.host.embedded import Embedded
    from sendoff.model.operation import Request

AT_ONCE = 100
PAGE = 500
NOTICES = 30.0  # seconds that those who are to be told of an end have to take it


class Connection:
    """The way of one program to the work of one place.

    Safe over ``fork``: a child has connections and threads of its own, and what it was told of before the fork stays the parent's.

    Parameters
    ----------
    place: whose work. mode: ``auto host embedded``, see ``mode.mode_of``. parity: the literal rules, None = the better ones.
    """

    def __init__(self, place: Place, mode: str, parity: Parity | None = None) -> None:
        self.place, self.mode, self.parity = place, mode, parity
        self.watch = Watch(lambda: self.desk)
        self._life = Life(place, lambda: self.desk) if parity else None
        self._closed = False
        self._left: list[object] = []
        self._embedded: Embedded | None = None
        self._desk = self._made()
        _renewed_in_children(self)

    def __reduce__(self) -> tuple[Callable[..., Connection], tuple[Place, str, Parity | None]]:
        return connection_to, (self.place, self.mode, self.parity)

    @property
    def desk(self) -> DeskClient:
        """Where everything is asked; ``InvalidState`` after the end."""
        if self._closed:
            raise InvalidState("this client is closed", hint="sendoff.connect() makes a new one")
        return self._desk

    def reach(self) -> None:
        """Return when somebody answers: a host that ran or was started, or this process itself."""
        if self._embedded is not None:
            self._embedded.begin()
        self.desk.page(Query(numbers=(0,)), limit=1)

    def close(self, drain: bool | float | None = None) -> None:
        """Ask nobody any more. Work that is done in this process is broken off at a safe point; with ``drain`` it is waited for first."""
        if self._closed:
            return
        if drain and self._embedded is not None:
            self._drain(None if drain is True else float(drain))
        if self._life is not None:
            self._life.end(own=self._embedded is not None and self._embedded.owns)
        self.watch.close()
        self._closed = True
        if self._embedded is not None:
            self._embedded.close()

    def _drain(self, seconds: float | None) -> None:
        """Until nothing is left to do but what only a person can help on, or the time is over."""
        end = None if seconds is None else time.monotonic() + seconds
        if self._embedded is None or not self._embedded.owns:
            return
        for news in self.desk.follow_always(Query(types=TURNS), after=None):
            if end is not None and time.monotonic() > end:
                return
            if news is None and not self._at_work():
                break
        self._embedded.catch_up(NOTICES if end is None else max(0.0, end - time.monotonic()))

    def _at_work(self) -> bool:
        views = self.everything(Query(open=True))
        return any(view["status"] not in ("paused_by_application", "paused_recoverable") and (view["status"] != "idle" or view["reason"]) for view in views)

    # -- what everybody asks ----------------------------------------------------------------------------------------

    def order(self, verb: str, which: Selection, **details: Json) -> Applied:
        """Give an order; who lets an upload go on brings a corrected variable along."""
        if verb in ("resume", "retry"):
            details["environment"] = dict(os.environ)
        if verb in ("start", "resume", "retry") and self._life is not None:
            details["client"] = self._life.taken()
        return self.desk.order(Order(verb=verb, details=details), which)

    def looked(self, ids: Sequence[str]) -> Iterator[View]:
        """These operations as they stand."""
        for start in range(0, len(ids), AT_ONCE):
            yield from self.desk.page(Query(ids=tuple(ids[start : start + AT_ONCE])), limit=AT_ONCE).items

    def everything(self, query: Query, *, after: str | None = None, limit: int = PAGE) -> Iterator[View]:
        """All that a filter finds, page by page."""
        return every(lambda place: self.desk.page(query, after=place, limit=limit), after)

    def bound(self, requests: Iterable[Request]) -> Iterator[Request]:
        """Requests as they go out: by the literal rules they go by the life of this client."""
        return iter(requests) if self._life is None else (replace(one, client=self._life.taken()) for one in requests)

    def recalled(self, find: Callable[[], Sequence[View]]) -> Sequence[View]:
        """What somebody lists or attaches to; by the literal rules what a program had left when it ended begins anew."""
        return find() if self._life is None else self._life.recalled(find)

    # -- this process ----------------------------------------------------------------------------------------------

    def _made(self) -> DeskClient:
        if self.mode == "host":
            return DeskClient(self.place)
        return DeskClient(self.place, way=self._own() if self.mode == "embedded" else HostOrOwn(self.place, self._own))

    def _own(self) -> Embedded:
        """From now on this process does the work where no other does."""
        from sendoff.host.embedded import Embedded

        self._embedded = Embedded(self.place, os.environ)
        atexit.register(_close, weakref.ref(self))
        return self._embedded

    def renew(self) -> None:
        """In a forked child."""
        self.watch.renew()
        if self._life is not None:
            self._life.renew()
        if self._embedded is not None:
            self._left.append(self._embedded)  # never let go here: its journal is open in the parent
            self._embedded = None
        self._desk = self._made()


class Shared:
    """One connection a place, made at first use. It needs no lock, so a forked child finds none held: making one twice costs nothing, one of them stays."""

    def __init__(self) -> None:
        self._connections: dict[Place, Connection] = {}

    def to(self, place: Place) -> Connection:
        """The one to this place; nobody is asked yet."""
        found = self._connections.get(place)
        return found if found is not None else self._connections.setdefault(place, Connection(place, mode_of("auto", place, os.environ)))


SHARED = Shared()


def connection_to(place: Place, mode: str, parity: Parity | None = None) -> Connection:
    """What an operation that comes out of a pickle is asked over; one for each place and process, unless it goes by the literal rules."""
    shared = SHARED.to(place)
    return shared if shared.mode == mode and parity is None else Connection(place, mode, parity)


def _close(known: weakref.ref[Connection]) -> None:
    connection = known()
    if connection is not None:
        with suppress(SendoffError):
            connection.close()


def _renewed_in_children(connection: Connection) -> None:
    known = weakref.ref(connection)

    def renew() -> None:
        found = known()
        if found is not None:
            found.renew()

    os.register_at_fork(after_in_child=renew)
