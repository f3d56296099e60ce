"""The lanes with something due, as far as they were looked at: the work of a step stays small, however many there are."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice, takewhile

from sendoff.model.lane import Lane
from sendoff.model.moment import Moment
from sendoff.model.query import every
from sendoff.model.status import TransferPriority
from sendoff.ports.store import Store

FEW = 200  # lanes that are looked at in each step
MOST = 10_000  # lanes that are known of at once; of more, those whose turn it is
REST: Moment = 150  # microseconds for each lane that was looked at: with very many, less than a tenth of the time is spent on it


class Lineup:
    """Few lanes are looked at anew in each step. Of many, the store is asked again after a rest, and until then lanes are taken in that somebody named.

    few, most: see ``FEW`` and ``MOST``.
    """

    def __init__(self, store: Store, *, few: int = FEW, most: int = MOST) -> None:
        self._store, self._few, self._most = store, few, most
        self.lanes: list[Lane] = []
        self._named: set[str] = set()
        self._places: Counter[str] = Counter()
        self._rested: Moment = 0
        self._ends: dict[int, str] = {}
        self._late = False

    @property
    def places(self) -> Collection[str]:
        """The destinations of these lanes."""
        return self._places.keys()

    def name(self, keys: Collection[str]) -> None:
        """Something may be due in these lanes."""
        self._named.update(keys)

    def look(self, now: Moment, last: dict[int, str]) -> None:
        """Know what is due at this moment, or soon, see ``wake``. last: by priority, the lane served before."""
        self._late = now < self._rested
        if self._late:
            self._take_in(now)
            return
        self._ends.clear()
        found = list(islice(self._all(now), self._most + 1))
        if len(found) > self._most:
            found = [lane for order in sorted(one.order for one in TransferPriority) for lane in self._from(now, order, last)]
        self.lanes, self._places = found, Counter(lane.place for lane in found)
        self._rested = now + REST * len(found) if len(found) > self._few else 0
        self._named.clear()

    def wake(self, now: Moment) -> Moment | None:
        """When to step again because a look was put off; None = none was, or there was no slot to look for."""
        return self._rested if self._late and self._rested > now else None

    def passed(self) -> dict[int, str]:
        """Where to look next time when nobody of these may start: by priority, the end of what was looked at, where there is more."""
        return dict(self._ends)

    def drop(self, lane: Lane) -> None:
        """Nobody of it can start, as far as is known now."""
        place = bisect_left(self.lanes, lane.key, key=_key)
        if place < len(self.lanes) and self.lanes[place].key == lane.key:
            del self.lanes[place]
            self._places[lane.place] -= 1
            if not self._places[lane.place]:
                del self._places[lane.place]

    def like(self, lane: Lane) -> Iterator[Lane]:
        """Those of the same group and priority."""
        mark, order = f"|{lane.group}|", lane.order
        return (one for one in self.lanes if mark in one.key and one.group == lane.group and one.order == order)

    def _take_in(self, now: Moment) -> None:
        """Those that were named and are not known of."""
        for key in self._named:
            place = bisect_left(self.lanes, key, key=_key)
            if place == len(self.lanes) or self.lanes[place].key != key:
                lane = Lane(key=key, since=now)
                self.lanes.insert(place, lane)
                self._places[lane.place] += 1
        self._named.clear()

    def _from(self, now: Moment, order: int, last: dict[int, str]) -> list[Lane]:
        """Of very many of one priority, those that come after the one served last, round to the first; sorted."""
        begin, mark = last.get(order, ""), f"{order}|"
        ahead = takewhile(lambda lane: lane.order == order, self._all(now, max(begin, mark)))
        found = list(islice(ahead, self._most))
        behind = takewhile(lambda lane: lane.order == order and lane.key <= begin, self._all(now, mark))
        around = list(islice(behind, self._most - len(found)))
        if len(found) + len(around) == self._most:
            self._ends[order] = (around or found)[-1].key
        return [*around, *found]

    def _all(self, now: Moment, after: str | None = None) -> Iterator[Lane]:
        return every(lambda place: self._store.lanes(now, after=place), after)


def _key(lane: Lane) -> str:
    return lane.key
