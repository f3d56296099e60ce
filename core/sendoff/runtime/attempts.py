"""Tries of operations: claim, send, settle."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from random import Random

from sendoff.errors import Interrupted, JournalFull, NeedsPerson, Permanent, Postpone, SendoffError, StoreRefused, Superseded, Transient, Unreachable
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Delivery
from sendoff.model.operation import Record
from sendoff.policy import lifecycle
from sendoff.policy.cost import Gate, Seen
from sendoff.policy.patience import Try
from sendoff.ports.transport import Bundling
from sendoff.runtime.bundle import carried, untold
from sendoff.runtime.connections import Connections
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.errand import Errand
from sendoff.runtime.in_force import InForce
from sendoff.runtime.installation import Listening
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.loading import Load, Loading
from sendoff.runtime.origin import Origin
from sendoff.runtime.pulse import Pulse
from sendoff.runtime.settling import FULL_AGAIN, Result, Settled, Settling
from sendoff.runtime.shipment import Surroundings
from sendoff.runtime.ticket import Outcome, Ticket
from sendoff.runtime.underway import Underway

MOST_HANGING = 8  # threads that one transport may hold at one destination without coming back
_HANGS_AGAIN = 60.0  # seconds between two looks whether one of them has come back


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
        self._owner, self._leaving, self._in_force, self._connections = owner, leaving, in_force, connections
        self._errands: dict[int, Errand] = {}
        self._hanging, self._hanging_lock = Counter[tuple[str, str]](), threading.Lock()
        self._configuration = configuration
        self._log = logging.getLogger("sendoff.attempts")

    def run(self, ticket: Ticket) -> Iterator[Outcome]:
        """Claim, send once, settle: an outcome for each operation, as soon as its end is on record."""
        errand = Errand(ticket, Pulse(self._around.clock.monotonic), self._underway.why)
        try:
            with errand.pulse.inside_call():  # a claim that waits for the journal is nobody's silence: given up, it would be claimed and never tried
                self._errands[id(errand)] = errand
                claimed = self._claim(ticket.records)
                errand.loads.update((record.number, self._loading.empty(record)) for record in claimed)
            yield from self._tried(errand, claimed)
        finally:
            self._errands.pop(id(errand), None)
            for record in ticket.records:
                self._over(errand, record.number)
            if errand.given_up:
                self._came_back(errand)

    def errands(self) -> Sequence[Errand]:
        """What is under way."""
        return [errand for errand in list(self._errands.values()) if not errand.given_up]

    def given_up(self, errand: Errand, numbers: Sequence[int], error: SendoffError) -> Iterator[Outcome]:
        """Settle what a transport that hangs has not told of. numbers: what ``Errand.give_up`` gave."""
        with self._hanging_lock:
            errand.hangs = errand.theirs and not errand.back
            self._hanging[errand.lane] += errand.hangs
        loads = [errand.loads[number] for number in numbers if number in errand.loads]
        for load in loads:
            self._underway.leave(load.record.number)
            if load.transport is not None:
                self._connections.let_go(load.transport)
        for number in [number for number in numbers if number not in errand.loads]:
            self._underway.leave(number)
            yield Outcome(number, taken=False)
        for load, result in untold(loads, error):
            yield self._ended_anyhow(errand, load, result)

    def _came_back(self, errand: Errand) -> None:
        """After all: nobody waits for it any more, but its transport may be tried anew."""
        self._log.warning("the transport %s has come back from the try of operation %s that was given up", errand.transport, errand.ticket.record.number)
        with self._hanging_lock:
            self._hanging[errand.lane] -= errand.hangs
            errand.back = True

    def _tried(self, errand: Errand, claimed: Sequence[Record]) -> Iterator[Outcome]:
        """As ``run``; once a try is over, the next may begin at any moment."""
        for number in {record.number for record in errand.ticket.records} - {record.number for record in claimed}:
            if self._over(errand, number):
                yield Outcome(number, taken=False)
        settling: deque[Settled] = deque()
        for told in self._results(errand, claimed):
            if told is None:  # nothing comes for a while: what was settled is not kept waiting for the next
                while settling:
                    yield self._brought_home(errand, settling.popleft())
                continue
            load, result = told
            if not self._over(errand, load.record.number):
                continue
            settling.append(self._begun_to_settle(errand, load, result))
            while settling and settling[0].there:
                yield self._brought_home(errand, settling.popleft())
        while settling:
            yield self._brought_home(errand, settling.popleft())

    def _over(self, errand: Errand, number: int) -> bool:
        """Whether its end is ours to tell; it is under way no more."""
        ours = errand.take(number)
        if ours:
            self._underway.leave(number)
        return ours

    def _begun_to_settle(self, errand: Errand, load: Load, result: Result) -> Settled:
        """As ``Settling.begin``; what a driver has told may be such nonsense that it cannot be written down."""
        if errand.late and isinstance(result, Interrupted) and not isinstance(result, Superseded):
            result = Transient(errand.late)  # it was its own silence that stopped it
        try:
            with errand.pulse.inside_call():
                return self._settling.begin(load, result, errand.ticket.down_since)
        except Exception as cause:  # noqa: BLE001 - what a stranger's code answered is looked at here
            self._log.exception("the transport %s has told of operation %s what nobody can write down", errand.transport, load.record.number)
            words = f"the transport {errand.transport} answered nonsense: {type(cause).__name__}: {cause}"
            error = Transient(f"its end cannot be written down: {cause}", side="local") if isinstance(cause, OSError) else Permanent(words)
        try:
            return self._settling.begin(load, error, errand.ticket.down_since)
        except Exception:  # noqa: BLE001 - it is no answer of a driver, then
            self._log.exception("the end of operation %s cannot be written down; it is free again", load.record.number)
            if load.shipment is not None:
                load.shipment.body = None  # nor is what was answered
            return self._settling.begin(load, None, errand.ticket.down_since)

    def _ended_anyhow(self, errand: Errand, load: Load, result: Result) -> Outcome:
        """As ``_ended``; whatever becomes of this one, those after it get their slots back, too."""
        try:
            return self._ended(self._begun_to_settle(errand, load, result))
        except Exception:  # noqa: BLE001 - the next start finds it as it stands
            self._log.exception("the end of operation %s cannot be recorded", load.record.number)
            return Outcome(load.record.number)

    def _brought_home(self, errand: Errand, settled: Settled) -> Outcome:
        """As ``_ended``; while one waits for the journal, the others of its run have no call of their driver's to make."""
        with errand.pulse.inside_call():
            return self._ended(settled)

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

    def _results(self, errand: Errand, records: Sequence[Record]) -> Iterator[tuple[Load, Result] | None]:
        """Each with how it ended; whoever can go along goes in one run, the others one after the other. None: a run waits for something."""
        stack = ExitStack()
        try:
            loads = [self._loaded(errand, record, stack) for record in records]
            ready = [load for load in loads if load.error is None]
            for load in loads:
                if load.error is not None:
                    yield load, load.error
            run = _together(ready)
            if run and not errand.given_up:
                yield from carried(run, self._loading, self._ledger.journal)
            for load in ready:
                if not any(load is one for one in run) and not errand.given_up:
                    yield load, self._loading.sent(load)
        finally:
            self._put_away(stack)

    def _loaded(self, errand: Errand, record: Record, stack: ExitStack) -> Load:
        """Ready to be sent, or why it is not: a transport that hangs again and again waits there until one of its tries has come back."""
        load = errand.loads[record.number]
        if self._hanging[errand.lane] >= MOST_HANGING:
            text = f"the transport {record.spec.transport} hangs: {MOST_HANGING} tries of it did not come back"
            load.error = Postpone(text, retry_after=min(self._configuration().retry.response_timeout, _HANGS_AGAIN))
        elif not errand.given_up:
            self._loading.make_ready(load, stack)
        return load

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
