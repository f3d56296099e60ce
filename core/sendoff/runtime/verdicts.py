"""What an order makes of operations: one or several decided at once, with what must be noted beside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sendoff.errors import SendoffError
from sendoff.model.change import SaveNote
from sendoff.model.operation import Record
from sendoff.model.query import Order
from sendoff.model.status import TransferStatus
from sendoff.policy.decision import Decision
from sendoff.policy.order import ordered
from sendoff.policy.parting import attached
from sendoff.ports.clock import Clock
from sendoff.ports.store import Store
from sendoff.runtime.amendment import Amendment
from sendoff.runtime.creation import Creation

_GOES_ON = ("start", "resume", "retry")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One order for several operations.

    decided: what becomes of whom. notes: to be written with it. refused: who cannot obey, by id. Whoever is in neither stands as ordered.
    """

    decided: Sequence[tuple[Record, Decision]]
    notes: Sequence[SaveNote]
    refused: dict[str, SendoffError]


class Verdicts:
    """Decides what an order means for an operation, with the environment of whoever gave it. bound: a client, if it is there."""

    def __init__(self, creation: Creation, store: Store, clock: Clock, bound: Callable[[str | None], str | None] = lambda _: None) -> None:
        self._creation, self._clock, self._bound = creation, clock, bound
        self._amendment = Amendment(creation, store, clock)

    def one(self, order: Order, record: Record) -> tuple[Decision | None, SaveNote | None]:
        """What becomes of it, None where it is so already; the error says why it cannot be."""
        if order.verb == "set":
            return self._amendment.decide(order.details, record)
        decision = self._decided(order, record)
        if decision is None:
            return None, None
        key, note = self._identity(order, record)
        return (decision if key is None else replace(decision, fields={**decision.fields, "environment": key})), note

    def _decided(self, order: Order, record: Record) -> Decision | None:
        """Who lets it go on, or lists it, is from now on the one by whose life it goes, where that one has such rules."""
        client = self._bound(order.details.get("client"))
        if order.verb == "attach":
            return attached(record, client, self._clock.steady())
        decision = ordered(order.verb, record, self._clock.steady(), self._clock.wall(), at_once=order.details.get("now") is True)
        if decision is None or client is None or order.verb not in _GOES_ON:
            return decision
        return replace(decision, fields={**decision.fields, "spec": replace(record.spec, client=client)})

    def together(self, order: Order, records: Sequence[Record]) -> Verdict:
        """Each decided for itself."""
        decided: list[tuple[Record, Decision]] = []
        notes: dict[str, SaveNote] = {}
        refused: dict[str, SendoffError] = {}
        for record in records:
            try:
                decision, note = self.one(order, record)
            except SendoffError as error:
                refused[record.id] = error
                continue
            if decision is not None:
                decided.append((record, decision))
            if note is not None:
                notes[note.key] = note
        return Verdict(decided, list(notes.values()), refused)

    def _identity(self, order: Order, record: Record) -> tuple[str | None, SaveNote | None]:
        """``resume`` and ``retry`` go on with the environment of whoever orders them: a corrected variable is found there."""
        environment = order.details.get("environment")
        if order.verb not in ("resume", "retry") or environment is None or not _takes_environment(record):
            return None, None
        return self._creation.identity(record, environment)


def _takes_environment(record: Record) -> bool:
    """What was canceled needs its own as long as something is left at the server, and has none when nothing is."""
    return record.environment is None if record.status is TransferStatus.CANCELED else record.status is not TransferStatus.COMPLETED
