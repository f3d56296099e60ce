"""The first of each lane: who of it may start beside what is under way, and who goes along with whom."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from sendoff.model.lane import Lane
from sendoff.model.limits import Limits
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.policy.lifecycle import suspect
from sendoff.policy.schedule import MOST_BYTES, MOST_TOGETHER, may_go_along
from sendoff.ports.store import Store
from sendoff.runtime.groups import Groups
from sendoff.runtime.in_force import InForce
from sendoff.runtime.places import Places
from sendoff.runtime.slots import Slots

Carrier = Callable[[Record], Hashable | None]


class Heads:
    """What was looked at in one step, each lane once; whoever was taken is no longer in it.

    slots: who is under way. in_force: orders for many that are not yet written out. carrier: what those have in common that go in one run.
    beside: how many may run to one destination.
    """

    def __init__(
        self, store: Store, slots: Slots, places: Places, *, in_force: InForce, groups: Groups, carrier: Carrier, limits: Limits, now: Moment,
        beside: Callable[[str], int],
    ) -> None:  # fmt: skip
        self._store, self._slots, self._places = store, slots, places
        self._in_force, self._groups, self._carrier, self._limits, self._now = in_force, groups, carrier, limits, now
        self._beside = beside
        self._found: dict[str, list[Record]] = {}

    def of(self, lane: Lane) -> list[Record]:
        """The first of a lane: one for each slot it may get and one more, or a run for each where its first may go in one."""
        if lane.key not in self._found:
            self._found[lane.key] = self._look(lane)
        return self._found[lane.key]

    def take(self, lane: Lane) -> tuple[Record, ...]:
        """The first of it that may start, and those that go with it; nothing where nobody may."""
        record = self._first(self.of(lane))
        return () if record is None else (record, *self._along(record, lane))

    def room(self, lane: Lane) -> int:
        """How many more may start where it goes."""
        return self._places.room(lane.place, self._now, self._beside(lane.place), at_once=lane.at_once)

    def held_up(self, lane: Lane) -> list[Record]:
        """Those that would start if they were allowed to."""
        return self._due(lane, self._slots_for(lane))

    def _look(self, lane: Lane) -> list[Record]:
        slots = self._slots_for(lane)
        found = self._due(lane, slots + 1)
        if len(found) <= 1 or self._alone(lane) or not may_go_along(found[0]) or self._carrier(found[0]) is None:
            return found
        return self._due(lane, slots * MOST_TOGETHER)

    def _slots_for(self, lane: Lane) -> int:
        """As many as it could get if no other lane wanted any."""
        return min(self.room(lane), self._limits.concurrency)

    def _due(self, lane: Lane, count: int) -> list[Record]:
        """The first of a lane that are not yet on their way; a given ticket may not be claimed yet."""
        found = self._store.due(lane.key, self._now, count + self._slots.of_lane(lane.key))
        return [record for record in found if record.number not in self._slots and not self._in_force.holds(record)][:count]

    def _first(self, heads: list[Record]) -> Record | None:
        """The first that may start beside what runs, taken from the list: never two to one target, even if somebody resumed an earlier one."""
        suspected, targets = self._slots.suspected, self._slots.targets
        free = (index for index, record in enumerate(heads) if record.target not in targets and not (suspected and suspect(record)))
        index = next(free, None)
        return None if index is None else heads.pop(index)

    def _along(self, record: Record, lane: Lane) -> Sequence[Record]:
        """Those that go with this one, taken from the list: small ones for the same connection, as many as fit. Whoever does not fit stays at its place."""
        carrier = None if self._alone(lane) or not may_go_along(record) else self._carrier(record)
        if carrier is None:
            return ()
        targets, heads = {*self._slots.targets, record.target}, self.of(lane)
        room, along = min(MOST_BYTES, self._limits.share) - record.spec.source.size, list[Record]()
        for one in heads:
            fits = one.spec.source.size <= room and (one.target is None or one.target not in targets)
            if len(along) + 1 < MOST_TOGETHER and fits and may_go_along(one) and self._carrier(one) == carrier:
                along.append(one)
                targets.add(one.target)
                room -= one.spec.source.size
        taken = {one.number for one in along}
        heads[:] = [one for one in heads if one.number not in taken]
        return along

    def _alone(self, lane: Lane) -> bool:
        """Whether nobody of this lane goes along with another."""
        return lane.at_once or self._groups.serialized(lane.group)
