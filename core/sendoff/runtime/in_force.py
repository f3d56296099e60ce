"""Which orders for many hold though they are not written out everywhere."""

from __future__ import annotations

import threading

from sendoff.model.operation import Record
from sendoff.policy.standing import Standing


class InForce:
    """The orders for many that are not written out everywhere yet, oldest first. Read by whoever starts something."""

    def __init__(self) -> None:
        self._all: tuple[Standing, ...] = ()
        self._lock = threading.Lock()

    def holds(self, record: Record) -> bool:
        """Whether this operation must not start any more."""
        return any(one.holds(record) for one in self._all)

    def stops(self, record: Record) -> bool:
        """Whether a try of it that was given a slot is to be stopped."""
        return any(one.stops(record) for one in self._all)

    def covers(self, record: Record) -> bool:
        """Whether an order that came earlier is still to be written out for it."""
        return any(one.covers(record) for one in self._all)

    def put(self, standing: Standing) -> None:
        """It is in force, as far written out as it says."""
        with self._lock:
            known = any(one.id == standing.id for one in self._all)
            self._all = tuple(standing if one.id == standing.id else one for one in self._all) if known else (*self._all, standing)

    def drop(self, id: str) -> None:
        """It is written out everywhere, or was never recorded."""
        with self._lock:
            self._all = tuple(one for one in self._all if one.id != id)
