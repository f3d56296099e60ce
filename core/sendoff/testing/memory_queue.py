"""A lane of a store in memory: what waits in it, by place and by moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from sendoff.model.moment import Moment
from sendoff.model.operation import Record


class WaitingLine:
    """Unclaimed records of one lane that have a moment at which they may start."""

    __slots__ = ("_by_due", "_by_rank")

    def __init__(self) -> None:
        self._by_rank: list[tuple[float, int]] = []
        self._by_due: list[tuple[Moment, int]] = []

    def __len__(self) -> int:
        return len(self._by_due)

    @property
    def since(self) -> Moment:
        """When the first of them becomes, or became, due."""
        return self._by_due[0][0]

    def add(self, record: Record) -> None:
        """It waits from now on."""
        insort(self._by_rank, (record.rank or 0.0, record.number))
        insort(self._by_due, (record.due or 0, record.number))

    def remove(self, record: Record) -> None:
        """It waits no more."""
        del self._by_rank[bisect_left(self._by_rank, (record.rank or 0.0, record.number))]
        del self._by_due[bisect_left(self._by_due, (record.due or 0, record.number))]

    def by_rank(self) -> Iterator[int]:
        """Their numbers, first come first."""
        return (number for _, number in self._by_rank)

    def rank(self, below: float | None) -> float | None:
        """The lowest rank, or the highest below another; None = there is none."""
        place = 0 if below is None else bisect_left(self._by_rank, (below, 0)) - 1
        return self._by_rank[place][0] if 0 <= place < len(self._by_rank) else None

    def after(self, now: Moment) -> Moment | None:
        """The first moment after ``now`` at which one becomes due."""
        place = bisect_right(self._by_due, (now, 2**63))
        return self._by_due[place][0] if place < len(self._by_due) else None
