"""Who is under way: which operations hold which slots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sendoff.model.lane import Lane
from sendoff.model.operation import Record
from sendoff.model.status import TransferPriority
from sendoff.policy.lifecycle import suspect


@dataclass(frozen=True, slots=True)
class Held:
    """slot: shared by all of a run, and never given twice: the first of a run may come again while others of it are under way."""

    record: Record
    lane: Lane
    slot: int


class Slots:
    """Those that were given a slot and have not come back, by number."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._given = 0

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, number: int) -> bool:
        return number in self._held

    def __getitem__(self, number: int) -> Held:
        return self._held[number]

    def get(self, number: int) -> Held | None:
        """None where it is not under way."""
        return self._held.get(number)

    def __iter__(self) -> Iterator[int]:
        return iter(self._held)

    def items(self) -> Sequence[tuple[int, Held]]:
        """Each with its number, as they are now."""
        return list(self._held.items())

    @property
    def used(self) -> int:
        """How many slots are taken."""
        return len({one.slot for one in list(self._held.values())})

    @property
    def targets(self) -> set[str]:
        """What they go to; a later one to the same waits."""
        return {one.record.target for one in self._held.values() if one.record.target is not None}

    @property
    def suspected(self) -> bool:
        """Whether one of them may be what its process dies of."""
        return any(suspect(one.record) for one in self._held.values())

    @property
    def groups(self) -> Mapping[str | None, Sequence[bool]]:
        """By group, of each whether it has high priority."""
        found: dict[str | None, list[bool]] = {}
        for one in self._held.values():
            found.setdefault(one.record.group, []).append(one.record.priority is TransferPriority.HIGH)
        return found

    def of_lane(self, key: str) -> int:
        """How many of a lane."""
        return sum(1 for one in self._held.values() if one.lane.key == key)

    def give(self, records: Sequence[Record], lane: Lane) -> None:
        """One slot for all of these."""
        self._given += 1
        for record in records:
            self._held[record.number] = Held(record, lane, self._given)

    def amend(self, record: Record) -> None:
        """It was changed while it is under way; an older word than the last is not heeded."""
        held = self._held[record.number]
        if record.version > held.record.version:
            lane = held.lane if held.lane.at_once else replace(held.lane, key=record.lane)
            self._held[record.number] = replace(held, record=record, lane=lane)

    def leave(self, number: int) -> Held | None:
        """It is back; None = it was not under way."""
        return self._held.pop(number, None)

    def is_free(self, slot: int) -> bool:
        """Whether nobody has it any more."""
        return not any(one.slot == slot for one in self._held.values())
