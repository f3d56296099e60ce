"""A ticket on its way: each of its operations has one end, told by the worker that carries it or by whoever has given that up."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from sendoff.runtime.loading import Load
from sendoff.runtime.ticket import Ticket


@dataclass(slots=True)
class Errand:
    """One ticket, from its claim to its last end. began: seconds on the clock that never jumps.

    loads: its operations, by number, claimed. late: why it is to stop, where it is its own silence. told: since when it is to stop.
    """

    ticket: Ticket
    began: float
    loads: dict[int, Load] = field(default_factory=dict)
    late: str | None = None
    told: float | None = None
    given_up: bool = False
    _left: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._left = {record.number for record in self.ticket.records}

    @property
    def transport(self) -> str:
        """The name of who carries it."""
        return self.ticket.record.spec.transport

    def take(self, number: int) -> bool:
        """Whether the end of this operation is the caller's to tell."""
        with self._lock:
            if number not in self._left:
                return False
            self._left.remove(number)
            return True

    def give_up(self) -> Sequence[int]:
        """All whose end was not told yet are the caller's, and what the worker brings back from now on is void."""
        with self._lock:
            left, self._left = sorted(self._left), set()
            self.given_up = bool(left)
        for number in left:
            load = self.loads.get(number)
            if load is not None and load.shipment is not None:
                load.shipment.pulse.forsake()
        return left

    def heard(self) -> float | None:
        """When its driver last gave a sign of life; None while it is in a call of ours."""
        shipments = [load.shipment for load in list(self.loads.values()) if load.shipment is not None]
        if any(shipment.pulse.inside for shipment in shipments):
            return None
        return max([self.began, *(shipment.pulse.heard for shipment in shipments)])

    def stopping(self) -> str | None:
        """Why somebody else has told all of it to stop; None = something of it may go on."""
        reasons = [load.shipment.stopping for load in list(self.loads.values()) if load.shipment is not None]
        return reasons[0] if reasons and all(reasons) else None

    def interrupt(self, why: str) -> None:
        """Tell all of it to stop."""
        for load in list(self.loads.values()):
            if load.shipment is not None:
                load.shipment.interrupt(why)

    def proof(self) -> int:
        """How many bytes may be fetched back, or read at the server, without a word to us."""
        shipments = [load.shipment for load in list(self.loads.values()) if load.shipment is not None]
        return sum(shipment.size for shipment in shipments if shipment.proves)
