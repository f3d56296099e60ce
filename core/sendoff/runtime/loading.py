"""What a try needs before it can begin: the transport, the open source, and the view of both that the driver gets."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from sendoff.errors import Permanent, Refused, SendoffError, StoreRefused, Superseded, Transient, Unverified
from sendoff.hookspecs import Change
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Delivery
from sendoff.model.destination import checked_url, origin_of
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.status import STOPPING
from sendoff.model.target import Target
from sendoff.ports.transport import Transport
from sendoff.runtime.connections import Connections, check_allowed
from sendoff.runtime.credentials import Credentials
from sendoff.runtime.installation import Listening
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.origin import Begun, Origin
from sendoff.runtime.outgoing import Outgoing
from sendoff.runtime.pulse import Pulse
from sendoff.runtime.reader import Reader
from sendoff.runtime.secrets import Sealed
from sendoff.runtime.shipment import Surroundings, WorkShipment
from sendoff.runtime.underway import Underway

_SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)


@dataclass(slots=True)
class Load:
    """An operation on its way. began: its try did. pulse: its signs of life, from then on. slept: what the machine had slept by then, in seconds.

    error: why it could not be made ready.
    """

    record: Record
    began: Moment
    pulse: Pulse
    slept: float = 0.0
    transport: Transport | None = None
    reader: Reader | None = None
    shipment: WorkShipment | None = None
    error: SendoffError | None = None


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a try goes, and with what. elsewhere: to an origin that is not the operation's own."""

    target: Target
    change: Change
    sealed: Sealed
    elsewhere: bool


class Loading:
    """Makes operations ready to be sent, and turns whatever a stranger's code does into sendoff's own words."""

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
    ) -> None:
        self._ledger, self._around, self._connections, self._outgoing = ledger, around, connections, Outgoing(around.secrets, credentials)
        self._listeners, self._underway, self._origin, self._configuration = listeners, underway, origin, configuration
        self.ends, self._log = around.ends, logging.getLogger("sendoff.attempts")

    def empty(self, record: Record) -> Load:
        """An operation whose try begins now."""
        clock = self._around.clock
        return Load(record, clock.steady(), Pulse(clock.monotonic), clock.slept())

    def make_ready(self, load: Load, stack: ExitStack) -> None:
        """Ready to be sent, or why it is not. stack: what closes, when all is over, what was opened for it."""
        load.began, load.slept = self._around.clock.steady(), self._around.clock.slept()
        try:
            self._make_ready(load, stack)
        except self.ends:
            raise
        except BaseException as cause:  # noqa: BLE001 - a listener or a driver is a stranger's code; the operation gets its name
            load.error = self.error_of(load.record, cause)

    def sent(self, load: Load) -> Delivery | SendoffError:
        """Send it, by itself."""
        assert load.transport is not None and load.shipment is not None
        try:
            return self._seen(load, load.transport.send(load.shipment))
        except self.ends:
            raise
        except BaseException as cause:  # noqa: BLE001 - as above
            return self.error_of(load.record, cause)

    def checked(self, load: Load, result: Delivery | SendoffError) -> Delivery | SendoffError:
        """What a driver told, seen to be true as far as that can be seen from here."""
        try:
            return self._seen(load, result) if isinstance(result, Delivery) else self.error_of(load.record, result)
        except SendoffError as error:
            return error

    def error_of(self, record: Record, cause: BaseException) -> SendoffError:
        """Whatever was raised, as one of sendoff's errors."""
        if isinstance(cause, StoreRefused):
            return Transient(f"the journal did not answer: {cause.message}", side="local")
        if isinstance(cause, SendoffError):
            return cause
        if isinstance(cause, MemoryError) or (isinstance(cause, OSError) and cause.errno in _SCARCE):
            return Transient(f"this machine ran out of what a try needs: {cause}", side="local")
        self._log.error("the transport %s raised %s on operation %s", record.spec.transport, type(cause).__name__, record.number, exc_info=cause)
        return Permanent(f"the transport {record.spec.transport} failed: {type(cause).__name__}: {cause}")

    def _make_ready(self, load: Load, stack: ExitStack) -> None:
        """A listener, a key store or a disk may take its time: of all this, only the making of a transport is its own."""
        with load.pulse.inside_call():
            aim = self._aimed(load.record)
        transport = stack.enter_context(self._transport(load.record, aim.target, aim.elsewhere))
        with load.pulse.inside_call():
            begin = stack.enter_context(self._opened(load.record, transport, aim.elsewhere))
            load.pulse.beat()
            self._begin(load, transport, begin, aim)

    def _aimed(self, record: Record) -> Aim:
        """Where it goes this time."""
        change = self._listeners.before_attempt(record, record.tally.attempts) or Change()
        sealed = self._around.secrets.open(record)
        target = Target(sealed.url or record.spec.url)
        elsewhere = change.url is not None and origin_of(change.url) != origin_of(target.url)
        if elsewhere and record.spec.source.sealed:
            raise Refused(f"the part {record.spec.source.sealed[0]} was given for {origin_of(target.url)}, and a listener sent its form to another origin")
        if change.url is not None:
            target = Target(checked_url(change.url))
        return Aim(target, change, Sealed() if elsewhere else sealed, elsewhere)

    def _begin(self, load: Load, transport: Transport, begin: Begun, aim: Aim) -> None:
        """From here on it is under way; not where it was given up on meanwhile."""
        record, checked = load.record, begin.record
        shipment = WorkShipment(
            checked, begin.reader, self._around, target=aim.target, headers=self._outgoing.headers(checked, aim.sealed, aim.change),
            session=None if aim.elsewhere else begin.session, credential=transport.toolkit.credential, elsewhere=aim.elsewhere, vouched=begin.vouched,
            limits=self._configuration().limits, paces=transport.paces and not aim.elsewhere, pulse=load.pulse,
        )  # fmt: skip
        load.transport, load.reader, load.shipment = transport, begin.reader, shipment
        if not self._underway.enter(record.number, shipment, unless=lambda: load.pulse.forsaken):
            shipment.forgo()
            raise Superseded()
        if record.want in STOPPING:
            shipment.interrupt(f"ordered: {record.want}")
        self._ledger.announce(checked, "attempt_started")

    def _seen(self, load: Load, delivery: Delivery) -> Delivery:
        """See whether all of what was queued is there; what must not be repeated is not doubted once it was taken."""
        assert load.reader is not None and load.shipment is not None
        if fault := _fault_of(delivery):
            raise Permanent(f"the transport {load.record.spec.transport} answered nonsense: {fault}")
        if not load.shipment.past_point:
            load.reader.check()
        if delivery.size != load.reader.size:
            raise Unverified(f"{delivery.size} of {load.reader.size} bytes are at {load.shipment.target.public}")
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
            self._connections.close(transport)

    def _opened(self, record: Record, transport: Transport, elsewhere: bool) -> AbstractContextManager[Begun]:
        """The source; whether it may be left to the transport to compare is for the operation's own to say."""
        return self._origin.opened(record, compares=transport.compares and not elsewhere)


def _fault_of(delivery: object) -> str | None:
    """None, or what is wrong with what a transport calls a delivery."""
    if not isinstance(delivery, Delivery):
        return f"a {type(delivery).__name__} is no Delivery"
    texts = {"url": delivery.url, "verified": delivery.verified, **{name: getattr(delivery, name) or "" for name in ("existing", "etag", "version_id")}}
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    wrong += [] if isinstance(delivery.size, int) else ["size"]
    wrong += [] if isinstance(delivery.digests, Mapping) and all(isinstance(one, str) for pair in delivery.digests.items() for one in pair) else ["digests"]
    return f"its Delivery has no proper {', '.join(wrong)}" if wrong else None
