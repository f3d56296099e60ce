"""Tries of operations: claim, send, settle."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from random import Random

from sendoff.errors import JournalFull, NeedsPerson, Permanent, StoreRefused, Unreachable
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Delivery
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.policy import lifecycle
from sendoff.policy.cost import Gate, Seen
from sendoff.policy.patience import Try
from sendoff.ports.transport import Bundling
from sendoff.runtime.bundle import carried
from sendoff.runtime.connections import Connections
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.in_force import InForce
from sendoff.runtime.installation import Listening
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.loading import Load, Loading
from sendoff.runtime.origin import Origin
from sendoff.runtime.settling import FULL_AGAIN, Result, Settled, Settling
from sendoff.runtime.shipment import Surroundings
from sendoff.runtime.underway import Underway


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


class Attempts:
    """Tries operations; a ticket in, an outcome for each of its operations back, everything in between on the record."""

    def __init__(
        self,
        ledger: Ledger,
        around: Surroundings,
        connections: Connections,
        credentials: Credentials,
        listeners: Listening,
        underway: Underway,
        origin: Origin,
        *,
        configuration: Callable[[], Configuration],
        gate: Callable[[Record], Gate | None],
        owner: str,
        random: Random,
        leaving: threading.Event,
        in_force: InForce,
        look: Callable[[Record], Seen] | None = None,
    ) -> None:
        self._ledger, self._around, self._underway = ledger, around, underway
        self._loading = Loading(ledger, around, connections, credentials, listeners, underway, origin, configuration=configuration)
        self._settling = Settling(
            ledger, around.clock, configuration=configuration, gate=gate, random=random, leaving=leaving, clean=around.clean,
            look=look or (lambda record: Seen(gate(record))),
        )  # fmt: skip
        self._owner, self._leaving, self._in_force = owner, leaving, in_force
        self._log = logging.getLogger("sendoff.attempts")

    def run(self, ticket: Ticket) -> Iterator[Outcome]:
        """Claim, send once, settle: an outcome for each operation, as soon as its end is on record."""
        left = {record.number for record in ticket.records}
        try:
            yield from self._tried(ticket, left)
        finally:
            for number in left:
                self._underway.leave(number)

    def _tried(self, ticket: Ticket, left: set[int]) -> Iterator[Outcome]:
        """As ``run``. left: those whose try is not over; once it is, the next may begin at any moment."""
        claimed = self._claim(ticket.records)
        for number in left - {record.number for record in claimed}:
            self._over(number, left)
            yield Outcome(number, taken=False)
        settling: deque[Settled] = deque()
        for told in self._results(claimed):
            if told is None:  # nothing comes for a while: what was settled is not kept waiting for the next
                while settling:
                    yield self._ended(settling.popleft())
                continue
            load, result = told
            self._over(load.record.number, left)
            settling.append(self._settling.begin(load, result, ticket.down_since))
            while settling and settling[0].there:
                yield self._ended(settling.popleft())
        while settling:
            yield self._ended(settling.popleft())

    def _over(self, number: int, left: set[int]) -> None:
        left.discard(number)
        self._underway.leave(number)

    def _ended(self, settled: Settled) -> Outcome:
        """On record."""
        self._settling.finish(settled)
        shipment, result = settled.load.shipment, settled.result
        answered = isinstance(result, Delivery) or (shipment is not None and (shipment.sent > 0 or shipment.body is not None))
        asks = isinstance(result, NeedsPerson) and result.facts.get("everybody") is True
        return Outcome(
            settled.load.record.number, unreachable=isinstance(result, Unreachable), answered=answered and not asks,
            delivered=isinstance(result, Delivery), asks=asks,
        )  # fmt: skip

    def _claim(self, records: Sequence[Record]) -> Sequence[Record]:
        """Those that are ours now, under a new epoch; not those for which somebody else was faster or ordered otherwise."""
        for record in records:
            if lifecycle.poisoned(record):
                self._set_aside(record)
        free = [record for record in records if not lifecycle.poisoned(record) and not self._in_force.holds(record)]
        if not free:
            return ()
        wall = self._around.clock.wall()
        try:
            answers = self._ledger.enter_each([(record, lifecycle.claimed(record, self._owner, wall)) for record in free], synced=False)
        except (JournalFull, StoreRefused) as error:
            self._log.error("operation %s cannot be begun: %s", free[0].number, error)
            self._leaving.wait(FULL_AGAIN)  # with the slot in hand, or the next ticket would come at once
            return ()
        return [replace(claimed, want=reply.want) for reply, claimed in answers if reply.refused is None]

    def _set_aside(self, record: Record) -> None:
        tries = record.tally.unsettled
        error = Permanent(f"the process died {tries} times in a row while trying this upload; it is set aside")
        empty = Try(began=0, ended=0, confirmed=record.tally.confirmed)
        self._ledger.enter_latest(record, lambda newest: lifecycle.failed(newest, error, empty, None, self._settling.setting(newest)))

    def _results(self, records: Sequence[Record]) -> Iterator[tuple[Load, Result] | None]:
        """Each with how it ended; whoever can go along goes in one run, the others one after the other. None: a run waits for something."""
        stack = ExitStack()
        try:
            loads = [self._loading.load(record, stack) for record in records]
            ready = [load for load in loads if load.error is None]
            for load in loads:
                if load.error is not None:
                    yield load, load.error
            run = _together(ready)
            if run:
                yield from carried(run, self._loading, self._ledger.journal)
            for load in ready:
                if not any(load is one for one in run):
                    yield load, self._loading.sent(load)
        finally:
            self._put_away(stack)

    def _put_away(self, stack: ExitStack) -> None:
        try:
            stack.close()
        except Exception:  # noqa: BLE001 - a driver is a stranger's code; what it told before still counts
            self._log.exception("what was opened for a try could not be closed")


def _together(ready: Sequence[Load]) -> Sequence[Load]:
    """Those that one transport can carry in one run."""
    own = [load for load in ready if load.shipment is not None and not load.shipment.elsewhere]
    same = [load for load in own if load.transport is own[0].transport]
    return same if len(same) > 1 and isinstance(same[0].transport, Bundling) else ()
