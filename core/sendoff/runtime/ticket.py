"""Permission for a try, and what whoever gave it hears of its end."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.model.moment import Moment
from sendoff.model.operation import Record


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission to try an operation once, as it was when the slot was given. down_since: of its destination. along: small ones that go with it."""

    record: Record
    down_since: Moment | None = None
    along: tuple[Record, ...] = ()

    @property
    def records(self) -> tuple[Record, ...]:
        """All that it is for."""
        return self.record, *self.along


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended, for whoever gives out slots. unreachable: no connection came about. taken: it was ours to try.

    delivered: it has arrived. asks: only a person can help, and not this one alone but all that go there.
    """

    number: int
    taken: bool = True
    unreachable: bool = False
    answered: bool = False
    delivered: bool = False
    asks: bool = False
