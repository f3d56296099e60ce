"""An order for many operations: in force for all of them at once, written out a slice at a time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendoff.errors import Json
from sendoff.model.document import decode, encode
from sendoff.model.operation import Record
from sendoff.model.query import Query

HOLDING = ("pause", "cancel")  # whatever such an order is for does not start any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What was ordered, and how far it is written out.

    id: sorts by time. query: of its filters numbers, batch, group, statuses, open and listed count; numbers ascend. upto: no operation with a
    greater number is meant. after: where the next page of the query begins. written: every operation up to this number has it.
    """

    id: str
    verb: str
    query: Query
    upto: int
    details: Mapping[str, Any] = field(default_factory=dict)
    after: str | None = None
    written: int = 0

    def covers(self, record: Record) -> bool:
        """Whether it is meant and not yet written out for this operation."""
        return self.written < record.number <= self.upto and _matches(self.query, record)

    def holds(self, record: Record) -> bool:
        """Whether this operation must not start any more."""
        return self.verb in HOLDING and self.covers(record)

    def stops(self, record: Record) -> bool:
        """Whether a try of it that was just given a slot is to be stopped; a request that cannot be repeated is not paused halfway."""
        return self.holds(record) and (self.verb != "pause" or record.spec.repeatable)

    def to_json(self) -> Json:
        """As a note keeps it."""
        return encode(self)

    @staticmethod
    def from_json(value: Json) -> Standing:
        """What ``to_json`` wrote."""
        return decode(Standing, value)


def _matches(query: Query, record: Record) -> bool:
    """Whether the filters that an order for many uses hold for a record."""
    return (
        (not query.numbers or _among(query.numbers, record.number))
        and query.batch in (None, record.batch)
        and query.group in (None, record.group)
        and query.open in (None, record.open)
        and query.listed in (None, record.open or record.acknowledged_at is None)
        and (not query.statuses or record.status.word in query.statuses)
    )


def _among(numbers: tuple[int, ...], number: int) -> bool:
    place = bisect_left(numbers, number)
    return place < len(numbers) and numbers[place] == number
