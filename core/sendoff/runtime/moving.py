"""The order of what waits: ranks are written between two others, and spread where no number is left between them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise

from sendoff.errors import InvalidArgument, InvalidState, SendoffError
from sendoff.model.change import Reserve
from sendoff.model.lane import Lane
from sendoff.model.operation import Record
from sendoff.model.query import Applied, Query, every
from sendoff.policy.decision import Decision
from sendoff.runtime.ledger import Ledger

PLACES = ("first", "last", "before")
_AROUND = 64  # neighbours on each side whose ranks are spread
_UNIT = 500  # operations moved in one unit
_AGAIN = 20  # times that somebody else may be faster
_ONE_LINE = "what waits for the same destination with the same priority and cost and in the same group is one line"


class Moving:
    """Moves what waits within its line."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = threading.Lock()

    def move(self, records: Sequence[Record], where: str, before: Record | None, *, alone: bool) -> Applied:
        """Put them first, last or before another, in the order given. alone: one was named, and why it cannot be moved is raised."""
        if where not in PLACES:
            raise InvalidArgument(f"move it where? {where!r} is none of {', '.join(PLACES)}")
        with self._lock:
            refused = {record.id: error for record in records if (error := _hindrance(record, before)) is not None}
            if alone and refused:
                raise next(iter(refused.values()))
            taken = [record for record in records if record.id not in refused]
            gone = self._placed(taken, where, before)
        ids = tuple(record.id for record in taken if record.id not in gone)
        skipped = [*((id, error.message) for id, error in refused.items()), *((id, "it does not wait any more") for id in gone)]
        return Applied(count=len(ids), ids=ids, skipped=tuple(skipped))

    def make_current(self, record: Record) -> Applied:
        """It and those of its group that come after it go next, those before it after them; without a group everything stays as it is.

        Within its priority; what runs goes on.
        """
        if record.group is None:
            return Applied()
        if not record.open:
            raise InvalidState(f"operation {record.number} is {record.status.word}; only what waits has a place in a line")
        with self._lock:
            self._rotate(record)
        return Applied(count=1, ids=(record.id,))

    def _rotate(self, record: Record) -> None:
        """Those before it go to the end, or it and those after it to the front, whichever are fewer; written in their order."""
        line = sorted((one for one in self._members(record) if one.priority is record.priority), key=lambda one: one.place)
        earlier = [one for one in line if one.place < record.place]
        later = [one for one in line if one.place > record.place]
        current = [record] if record.owner is None else []
        if len(earlier) < len(current) + len(later):
            moved, ranks = [*current, *earlier], {record.number: record.place[0], **self._ranks(earlier, "last", None)}
        else:
            moved = [*current, *later]
            ranks = {one.number: line[0].place[0] - len(moved) + place for place, one in enumerate(moved)}
        for place in range(0, len(moved), _UNIT):
            self._written(moved[place : place + _UNIT], ranks, {"moved": "current"}, of=record)

    def _members(self, record: Record) -> Iterator[Record]:
        """Whoever of its group waits, or stands in line when it goes on."""
        found = every(lambda after: self._ledger.journal.store.find(Query(open=True, group=record.group), after=after, limit=1000))
        return (one for one in found if one.owner is None)

    def _placed(self, records: Sequence[Record], where: str, before: Record | None) -> set[str]:
        """Write the ranks; the ids of those that began or ended meanwhile."""
        told = {"moved": where, **({"before": before.id} if before is not None else {})}
        ranks = self._ranks(records, where, before)
        gone: set[str] = set()
        for place in range(0, len(records), _UNIT):
            gone |= self._written(records[place : place + _UNIT], ranks, told)
        return gone

    def _written(self, records: Sequence[Record], ranks: dict[int, float], told: dict[str, str], *, of: Record | None = None) -> set[str]:
        """Write the ranks of some; the ids of those that began or ended meanwhile. told: in the history of each, or of this one alone."""

        def decided(one: Record) -> Decision:
            lines = (("changed", told),) if of is None or of.number == one.number else ()
            return Decision(fields={"rank": ranks[one.number]}, lines=lines)

        waiting = list(records)
        for _ in range(_AGAIN):
            if self._ledger.enter_together([(one, decided(one)) for one in waiting]):
                break
            newest = [self._ledger.read(one.number) for one in waiting]
            waiting = [one for one in newest if one is not None and _hindrance(one, None) is None]
        else:
            raise InvalidState("what was to be moved changed again and again meanwhile", hint="move it once more")
        return {record.id for record in records} - {one.id for one in waiting}

    # -- ranks -----------------------------------------------------------------------------------------------------

    def _ranks(self, records: Sequence[Record], where: str, before: Record | None) -> dict[int, float]:
        """The new rank of each, by number."""
        if where == "last":
            replies = self._ledger.journal.commit([Reserve() for _ in records], synced=False) if records else ()
            return {record.number: float(reply.number) for record, reply in zip(records, replies, strict=True)}
        if where == "before" and before is not None:
            return self._before(records, before)
        lines = groupby(sorted(records, key=lambda one: one.lane), key=lambda one: one.lane)  # a stable sort: within a line the order given stays
        return {number: rank for lane, members in lines for number, rank in self._first(lane, [*members]).items()}

    def _first(self, lane: str, members: Sequence[Record]) -> dict[int, float]:
        lowest = self._ledger.journal.store.rank(lane)
        if lowest is None:
            lowest = min(one.place[0] for one in members)
        return {one.number: lowest - len(members) + place for place, one in enumerate(members)}

    def _before(self, records: Sequence[Record], before: Record) -> dict[int, float]:
        ranks = self._between(records, before)
        if ranks is None:
            self._spread(before)
            newest = self._ledger.read(before.number)
            ranks = self._between(records, newest) if newest is not None else None
        if ranks is None:
            raise InvalidState(f"there is no place left just before operation {before.number}", hint="move it --first or --last")
        return ranks

    def _between(self, records: Sequence[Record], before: Record) -> dict[int, float] | None:
        """Evenly below the other one and above its neighbour; None where no number is left there."""
        upper, store = before.place[0], self._ledger.journal.store
        lower = store.rank(before.lane, below=upper)
        if lower is None:
            lower = upper - len(records) - 1
        ranks = [lower + (upper - lower) * (place + 1) / (len(records) + 1) for place in range(len(records))]
        if not all(low < high for low, high in pairwise((lower, *ranks, upper))):
            return None
        return {record.number: rank for record, rank in zip(records, ranks, strict=True)}

    def _spread(self, middle: Record) -> None:
        """Give it and its neighbours ranks at equal distances; nobody changes places."""
        line = sorted(self._line(middle), key=lambda one: one.place)
        at = next((place for place, one in enumerate(line) if one.number == middle.number), 0)
        start, end = max(at - _AROUND, 0), at + _AROUND
        some = line[start:end]
        low = line[start - 1].place[0] if start else some[0].place[0] - len(some)
        last = end >= len(line)  # it keeps its rank, so that whoever comes later comes after it
        step = (some[-1].place[0] - low) / len(some) if last else (line[end].place[0] - low) / (len(some) + 1)
        self._ledger.enter_together([(one, Decision(fields={"rank": low + step * (place + 1)})) for place, one in enumerate(some)])

    def _line(self, one: Record) -> Iterator[Record]:
        """Whoever waits in the same line, or stood in it when paused."""
        return (record for record in self._members(one) if record.lane == one.lane)


def _hindrance(record: Record, before: Record | None) -> SendoffError | None:
    """Why it cannot be moved there."""
    if before is not None and record.number == before.number:
        return InvalidArgument(f"operation {record.number} cannot go before itself")
    for one in (record, before):
        if one is not None and (one.owner is not None or not one.open):
            what = "is running" if one.open else f"is {one.status.word}"
            return InvalidState(f"operation {one.number} {what}; only what waits has a place in a line")
    if before is not None and record.lane != before.lane:
        lines = f"{record.number} for {_line_of(record)}; {before.number} for {_line_of(before)}"
        return InvalidState(f"operations {record.number} and {before.number} wait in different lines: {lines}", hint=_ONE_LINE)
    return None


def _line_of(record: Record) -> str:
    lane = Lane(key=record.lane, since=0)
    parts = [lane.place, f"priority {record.priority.name.lower()}", f"cost {record.spec.cost_policy.word}"]
    return ", ".join([*parts, f"group {record.group}" if record.group else "no group"])
