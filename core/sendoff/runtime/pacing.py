"""Bandwidth, where it is limited: whoever is about to send waits here for its share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sendoff.model.limits import Limits
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.status import TransferPriority
from sendoff.policy.bandwidth import Timetable, timetable
from sendoff.policy.sharing import WEIGHTS, Sharing, Wish, most_at_once
from sendoff.ports.clock import Clock

_NEVER: Moment = 2**63
_TURN_GOOD_FOR: Moment = 60_000_000  # then the clock on the wall may have been put
_LOOK_EVERY = 1.0  # seconds between two looks at the clock on the wall: it may be put, and a time of the table may come


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One thread that waits, and how it is woken."""

    wish: Wish
    woken: threading.Condition


class Pacing:
    """Shares the bandwidth among all tries of a process. Where nothing is limited it costs one look at a flag.

    limits: those in force. priority: of an operation, as it is now; who knows of changes says so here.
    """

    def __init__(self, clock: Clock, limits: Callable[[], Limits]) -> None:
        self._clock, self._limits = clock, limits
        self.priority: Callable[[Record], TransferPriority] = lambda record: record.priority
        self._lock, self._sharing, self._waiting = threading.Lock(), Sharing(), list[_Waiting]()
        self._tables: dict[str | None, Timetable] = {}
        self._turn, self._turn_seen = _NEVER, _NEVER
        self._next_look, self._next_wake = 0.0, float("inf")
        self.limited = False
        self.changed()

    def changed(self) -> None:
        """The limits are others now."""
        limits = self._limits()
        written: dict[str | None, str] = {name: one.bandwidth for name, one in limits.places.items() if one.bandwidth is not None}
        tables = {name: timetable(text) for name, text in {**written, None: limits.bandwidth}.items()}
        tables = {name: table for name, table in tables.items() if table.limits}
        with self._lock:
            self._tables, self.limited, self._next_look, self._turn_seen = tables, bool(tables), 0.0, _NEVER
            self._wake_all()

    def rate(self, place: str | None = None) -> float | None:
        """Bytes a second that may go out now: in all, or to a destination; None = as many as can."""
        table = self._tables.get(place)
        return table.rate(self._clock.wall()) if table is not None else None

    def turn(self) -> Moment | None:
        """When the next rate of any of them begins, by the clock that waits go by; None = never."""
        if not self.limited:
            return None
        wall = self._clock.wall()
        with self._lock:
            if not self._turn_seen <= wall < min(self._turn, self._turn_seen + _TURN_GOOD_FOR):
                turns = (table.until(wall) for table in self._tables.values())
                self._turn, self._turn_seen = min((turn for turn in turns if turn is not None), default=_NEVER), wall
            return self._turn - wall + self._clock.steady() if self._turn < _NEVER else None

    def most(self, place: str | None = None) -> int | None:
        """How many may run at once so that each stays alive: in all, or to a destination; None = any number."""
        return most_at_once(self.rate(place)) if self.limited else None

    def lanes(self, place: str | None, limits: Limits) -> int:
        """Connections that one operation may use at once."""
        fed = [max(most // beside, 1) for most, beside in ((self.most(), limits.concurrency), (self.most(place), limits.beside(place))) if most is not None]
        return min([limits.lanes, *fed])

    def take(self, record: Record, count: int, check: Callable[[], None]) -> int:
        """How many of so many bytes may go out now; waits until it is one at least. check: raises where the try is to stop."""
        if not self.limited or count <= 0:
            return count
        wish = Wish(record.number, record.spec.destination, WEIGHTS[self.priority(record)], count)
        with self._lock:
            waiting = _Waiting(wish, threading.Condition(self._lock))
            self._sharing.ask(wish)
            self._waiting.append(waiting)
            try:
                while not self._granted(wish):
                    check()
                    waiting.woken.wait(self._patience(waiting))
            finally:
                self._leave(waiting)
        return wish.granted

    def stir(self) -> None:
        """Somebody is to stop: whoever waits looks up."""
        if self.limited:
            with self._lock:
                self._wake_all()

    def ended(self, number: int) -> None:
        """An operation's try is over."""
        with self._lock:
            self._sharing.forget(number)

    # -- under the lock --------------------------------------------------------------------------------------------

    def _granted(self, wish: Wish) -> bool:
        """Whether it may go; whoever else may is told so."""
        now = self._clock.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            self._sharing.set(self._rates(), now)
        for other in self._sharing.grant(now):
            if other is not wish:
                next(one for one in self._waiting if one.wish is other).woken.notify()
        return wish.granted > 0

    def _rates(self) -> Mapping[str | None, float]:
        """Of those that limit anything at this time."""
        wall = self._clock.wall()
        found = ((place, table.rate(wall)) for place, table in self._tables.items())
        return {place: rate for place, rate in found if rate is not None}

    def _patience(self, waiting: _Waiting) -> float:
        """Seconds to sleep: the first in line looks when the next may go, for all of them; the others are woken."""
        wake = self._sharing.wake()
        if waiting is self._waiting[0]:
            self._next_wake = wake
        elif wake < self._next_wake:
            self._waiting[0].woken.notify()
        else:
            return _LOOK_EVERY
        return min(max(wake - self._clock.monotonic(), 0.0), _LOOK_EVERY)

    def _leave(self, waiting: _Waiting) -> None:
        self._sharing.drop(waiting.wish)
        first = self._waiting[0] is waiting
        self._waiting.remove(waiting)
        if first and self._waiting:
            self._next_wake = float("inf")
            self._waiting[0].woken.notify()

    def _wake_all(self) -> None:
        for waiting in self._waiting:
            waiting.woken.notify()
