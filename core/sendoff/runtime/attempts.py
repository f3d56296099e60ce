"""One try of one operation: claim, send, settle."""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from random import Random

from sendoff.errors import JournalFull, NeedsPerson, Permanent, Refused, SendoffError, SessionLost, StoreRefused, Superseded, Transient, Unreachable, Unverified
from sendoff.hookspecs import Change
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Delivery
from sendoff.model.destination import checked_url, origin_of
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.response import Response
from sendoff.model.status import Want
from sendoff.model.target import Target
from sendoff.policy import lifecycle
from sendoff.policy.cost import Gate
from sendoff.policy.decision import Decision
from sendoff.policy.patience import Try
from sendoff.ports.transport import Transport
from sendoff.runtime.connections import Connections, check_allowed
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.in_force import InForce
from sendoff.runtime.installation import Listening
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.origin import Begun, Origin
from sendoff.runtime.outgoing import Outgoing
from sendoff.runtime.reader import Reader
from sendoff.runtime.secrets import Sealed
from sendoff.runtime.shipment import Surroundings, WorkShipment
from sendoff.runtime.underway import Underway

_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
_FULL_AGAIN = 2.0  # seconds between two looks whether the journal can be written again


@dataclass(frozen=True, slots=True)
class Ticket:
    """Permission to try an operation once, as it was when the slot was given. down_since: of its destination."""

    record: Record
    down_since: Moment | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended, for whoever gives out slots. unreachable: no connection came about. taken: it was ours to try.

    asks: only a person can help, and not this one alone but all that go there.
    """

    number: int
    taken: bool = True
    unreachable: bool = False
    answered: bool = False
    asks: bool = False


class Attempts:
    """Tries operations; a ticket in, an outcome back, everything in between on the record."""

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
    ) -> None:
        self._ledger, self._around, self._connections, self._outgoing = ledger, around, connections, Outgoing(around.secrets, credentials)
        self._listeners, self._underway, self._origin = listeners, underway, origin
        self._configuration, self._gate, self._owner, self._random, self._leaving = configuration, gate, owner, random, leaving
        self._in_force = in_force
        self._log = logging.getLogger("sendoff.attempts")

    def run(self, ticket: Ticket) -> Outcome:
        """Claim, send once, settle."""
        record = self._claim(ticket.record)
        if record is None:
            return Outcome(ticket.record.number, taken=False)
        began = self._around.clock.steady()
        shipment, result = self._carry(record)
        answered = shipment is not None and (shipment.sent > 0 or shipment.body is not None)
        if shipment is not None and isinstance(result, SendoffError):
            shipment.rest()
        self._settle(record, shipment, result, began, ticket.down_since)
        if shipment is not None:
            shipment.end()
        asks = isinstance(result, NeedsPerson) and result.facts.get("everybody") is True
        answered = answered or isinstance(result, Delivery)
        return Outcome(record.number, unreachable=isinstance(result, Unreachable), answered=answered and not asks, asks=asks)

    def _claim(self, record: Record) -> Record | None:
        """The operation under a new epoch, or None when somebody else was faster or ordered otherwise."""
        if lifecycle.poisoned(record):
            self._set_aside(record)
            return None
        if self._in_force.holds(record):
            return None
        try:
            reply, claimed = self._ledger.enter(record, lifecycle.claimed(record, self._owner, self._around.clock.wall()), synced=False)
        except (JournalFull, StoreRefused) as error:
            self._log.error("operation %s cannot be begun: %s", record.number, error)
            self._leaving.wait(_FULL_AGAIN)  # with the slot in hand, or the next ticket would come at once
            return None
        if reply.refused is not None:
            return None
        return replace(claimed, want=reply.want)

    def _set_aside(self, record: Record) -> None:
        tries = record.tally.unsettled
        error = Permanent(f"the process died {tries} times in a row while trying this upload; it is set aside")
        empty = Try(began=0, ended=0, confirmed=record.tally.confirmed)
        self._ledger.enter_latest(record, lambda newest: lifecycle.failed(newest, error, empty, None, self._setting(newest)))

    def _carry(self, record: Record) -> tuple[WorkShipment | None, Delivery | SendoffError]:
        """Send once; whatever a stranger's code raises becomes one of sendoff's errors."""
        begun: list[WorkShipment] = []
        try:
            result: Delivery | SendoffError = self._send(record, begun.append)
        except (Exception, SystemExit) as cause:  # noqa: BLE001 - a driver is a stranger's code; the operation gets its name
            result = self._error_of(record, cause)
        finally:
            self._underway.leave(record.number)
        return (begun[0] if begun else None), result

    def _error_of(self, record: Record, cause: BaseException) -> SendoffError:
        if isinstance(cause, StoreRefused):
            return Transient(f"the journal did not answer: {cause.message}", side="local")
        if isinstance(cause, SendoffError):
            return cause
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno in _SCARCE):
            return Transient(f"this machine ran out of what a try needs: {cause}", side="local")
        self._log.error("the transport %s raised %s on operation %s", record.spec.transport, type(cause).__name__, record.number, exc_info=cause)
        return Permanent(f"the transport {record.spec.transport} failed: {type(cause).__name__}: {cause}")

    def _send(self, record: Record, begun: Callable[[WorkShipment], None]) -> Delivery:
        change = self._listeners.before_attempt(record, record.tally.attempts) or Change()
        sealed = self._around.secrets.open(record)
        target = Target(sealed.url or record.spec.url)
        elsewhere = change.url is not None and origin_of(change.url) != origin_of(target.url)
        if elsewhere and record.spec.source.sealed:
            raise Refused(f"the part {record.spec.source.sealed[0]} was given for {origin_of(target.url)}, and a listener sent its form to another origin")
        if change.url is not None:
            target = Target(checked_url(change.url))
        with self._transport(record, target, elsewhere) as transport, self._opened(record, transport, elsewhere) as begin:
            checked = begin.record
            shipment = WorkShipment(
                checked, begin.reader, self._around, target=target, headers=self._outgoing.headers(checked, Sealed() if elsewhere else sealed, change),
                session=None if elsewhere else begin.session, credential=transport.toolkit.credential, elsewhere=elsewhere, vouched=begin.vouched,
                limits=self._configuration().limits,
            )  # fmt: skip
            begun(shipment)
            self._underway.enter(record.number, shipment)
            if record.want in (Want.PAUSE, Want.CANCEL):
                shipment.interrupt(f"ordered: {record.want}")
            self._ledger.announce(checked, "attempt_started")
            return self._sent(transport, shipment, begin.reader)

    def _sent(self, transport: Transport, shipment: WorkShipment, reader: Reader) -> Delivery:
        """Send, and see whether all of what was queued is there; what must not be repeated is not doubted once it was taken."""
        delivery = transport.send(shipment)
        if not shipment.past_point:
            reader.check()
        if delivery.size != reader.size:
            raise Unverified(f"{delivery.size} of {reader.size} bytes are at {shipment.target.public}")
        return delivery

    @contextmanager
    def _transport(self, record: Record, target: Target, elsewhere: bool) -> Iterator[Transport]:
        """The operation's own transport, or one for this try alone to an origin that knows nothing of its secrets."""
        if not elsewhere:
            with self._connections.lent(record) as lent:
                yield lent
            return
        check_allowed(target.url, self._configuration())
        transport = self._connections.elsewhere(target.url)
        try:
            yield transport
        finally:
            transport.close()

    def _opened(self, record: Record, transport: Transport, elsewhere: bool) -> AbstractContextManager[Begun]:
        """The source; whether it may be left to the transport to compare is for the operation's own to say."""
        return self._origin.opened(record, compares=transport.compares and not elsewhere)

    def _settle(self, record: Record, shipment: WorkShipment | None, result: Delivery | SendoffError, began: Moment, down_since: Moment | None) -> None:
        """Write down how it ended; while the journal cannot be written this waits, for the end must not be lost."""
        if isinstance(result, Superseded):
            self._dropped(record)
            return
        one = self._try(record, shipment, began, down_since)
        current = shipment.operation if shipment else record
        current = replace(current, version=shipment.version, point=shipment.past_point) if shipment else current
        response = shipment.response() if shipment else None

        def decide(newest: Record) -> Decision | None:
            if newest.owner != record.owner:  # its end is on record; what came after that did not go well
                return None
            decision = self._decision(newest, result, one, response)
            return _apart(decision, result) if shipment is not None and shipment.elsewhere else decision

        while True:
            try:
                if self._ledger.enter_latest(current, decide, fenced=True) is None:
                    self._dropped(record)
                return
            except (JournalFull, StoreRefused) as error:
                self._log.error("the end of operation %s cannot be recorded: %s", record.number, error)
                if self._leaving.wait(_FULL_AGAIN):
                    return

    def _decision(self, newest: Record, result: Delivery | SendoffError, one: Try, response: Response | None) -> Decision:
        if isinstance(result, Delivery):
            return lifecycle.completed(newest, result, one, response, self._setting(newest))
        return lifecycle.failed(newest, result, one, response, self._setting(newest))

    def _dropped(self, record: Record) -> None:
        self._log.warning("operation %s is another process's now; this late try is dropped", record.number)

    def _try(self, record: Record, shipment: WorkShipment | None, began: Moment, down_since: Moment | None) -> Try:
        ended = self._around.clock.steady()
        if shipment is None:
            return Try(began=began, ended=ended, confirmed=record.tally.confirmed, down_since=down_since, blind=record.tally.blind)
        if shipment.elsewhere:
            return Try(
                began=began, ended=ended, sent=shipment.sent, confirmed=shipment.operation.tally.confirmed, down_since=down_since,
                protocol=shipment.protocol, resumable=shipment.resumable, blind=shipment.operation.tally.blind,
            )  # fmt: skip
        session = shipment.session is not None
        return Try(
            began=began, ended=ended, sent=shipment.sent, confirmed=shipment.confirmed if session else 0, session=session, down_since=down_since,
            protocol=shipment.protocol, resumable=shipment.resumable, blind=shipment.blind,
        )  # fmt: skip

    def _setting(self, record: Record) -> lifecycle.Setting:
        clock = self._around.clock
        return lifecycle.Setting(rules=self._configuration().retry, random=self._random, now=clock.steady(), wall=clock.wall(), gate=self._gate(record))


def _apart(decision: Decision, result: Delivery | SendoffError) -> Decision:
    """What a try at another origin leaves of the operation's own session: all of it, but what is of no more use goes at its server, too."""
    if isinstance(result, Delivery):
        return replace(decision, forget=False, abandon=True)
    return replace(decision, forget=False, abandon=decision.abandon and not isinstance(result, SessionLost))
