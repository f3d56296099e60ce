"""Writing down how a try ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from sendoff.errors import Interrupted, JournalFull, SendoffError, SessionLost, StoreRefused, Superseded, Transient
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Delivery
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.policy import lifecycle
from sendoff.policy.cost import Gate, Seen
from sendoff.policy.decision import Decision
from sendoff.policy.patience import Try
from sendoff.ports.clock import Clock
from sendoff.runtime.ledger import Entering, Ledger
from sendoff.runtime.loading import Load
from sendoff.runtime.lookout import LEAST_SLEEP
from sendoff.runtime.shipment import WorkShipment
from sendoff.runtime.statement import cleaned

FULL_AGAIN = 2.0  # seconds between two looks whether the journal can be written again
_NOTHING = Seen()
Result = Delivery | SendoffError | None


@dataclass(frozen=True, slots=True)
class Settled:
    """An end that is on its way into the journal. entering: None where it was not handed over."""

    load: Load
    result: Result
    current: Record
    decide: Callable[[Record], Decision | None]
    entering: Entering | None

    @property
    def there(self) -> bool:
        """Whether ``finish`` need not wait."""
        return self.entering is None or self.entering.landing.done


class Settling:
    """Settles tries; while the journal cannot be written this waits, for an end must not be lost."""

    def __init__(
        self, ledger: Ledger, clock: Clock, *, configuration: Callable[[], Configuration], gate: Callable[[Record], Gate | None], random: Random,
        leaving: threading.Event, look: Callable[[Record], Seen], clean: Callable[[str], str] = str,
    ) -> None:  # fmt: skip
        self._ledger, self._clock, self._configuration, self._gate = ledger, clock, configuration, gate
        self._random, self._leaving, self._look, self._clean = random, leaving, look, clean
        self._log = logging.getLogger("sendoff.attempts")

    def begin(self, load: Load, result: Result, down_since: Moment | None = None) -> Settled:
        """Hand the end over, without waiting for it to be on record. result: None where a run ended before its turn. down_since: its destination is."""
        record, shipment = load.record, load.shipment
        if isinstance(result, SendoffError):
            result = cleaned(result, self._clean)  # here every error comes by that a record, an event or a notice will tell
            if shipment is not None:
                shipment.rest()
        one = self._unbegun(load) if result is None else self._try(load, down_since)
        result, seen = self._seen(load, result)
        current = shipment.operation if shipment else record
        current = replace(current, version=shipment.version, point=shipment.past_point) if shipment else current
        response = shipment.response() if shipment else None

        def decide(newest: Record) -> Decision | None:
            if newest.owner != record.owner:  # its end is on record; what came after that did not go well
                return None
            if result is None:
                return lifecycle.released(newest, one, self.setting(newest))
            if isinstance(result, Delivery):
                decision = lifecycle.completed(newest, result, one, response, self.setting(newest))
                decision = _outlived(decision) if load.reader is not None and load.reader.gone else decision
            else:
                decision = lifecycle.failed(newest, result, one, response, self.setting(newest, seen))
            return _apart(decision, result) if shipment is not None and shipment.elsewhere else decision

        entering = None if isinstance(result, Superseded) else self._handed_over(current, decide)
        return Settled(load, result, current, decide, entering)

    def finish(self, settled: Settled) -> None:
        """It is on record when this returns, unless another process has the operation."""
        if not self._landed(settled):
            self._insist(settled)
        if settled.load.shipment is not None:
            settled.load.shipment.end()

    def setting(self, record: Record, seen: Seen = _NOTHING) -> lifecycle.Setting:
        """What surrounds a decision now. seen: of the network, when the try had broken."""
        clock, rules, gate = self._clock, self._configuration().retry, self._gate(record) or seen.gate
        return lifecycle.Setting(rules=rules, random=self._random, now=clock.steady(), wall=clock.wall(), gate=gate, away=seen.away)

    def _seen(self, load: Load, result: Result) -> tuple[Result, Seen]:
        """What has broken, in the light of what the machine and its network did meanwhile; neither is the server's fault, nor the upload's."""
        if not isinstance(result, SendoffError) or not (result.side in ("network", "server") or result.http_status) or isinstance(result, Interrupted):
            return result, _NOTHING
        past_point = load.shipment is not None and load.shipment.past_point
        if isinstance(result, Transient) and not past_point and self._clock.slept() - load.slept > LEAST_SLEEP:
            return Interrupted("the machine slept"), _NOTHING
        return result, self._look(load.record)

    def _handed_over(self, current: Record, decide: Callable[[Record], Decision | None]) -> Entering | None:
        decision = decide(current)
        try:
            return None if decision is None else self._ledger.enter_soon(current, decision)
        except (JournalFull, StoreRefused) as error:
            self._waited(current, error)
            return None

    def _landed(self, settled: Settled) -> bool:
        try:
            return settled.entering is not None and self._ledger.entered(settled.entering) is not None
        except (JournalFull, StoreRefused) as error:
            self._waited(settled.current, error)
            return False

    def _insist(self, settled: Settled) -> None:
        """By the newest record, until it is taken."""
        record = settled.load.record
        if isinstance(settled.result, Superseded):
            self._dropped(record)
            return
        while True:
            try:
                if self._ledger.enter_latest(settled.current, settled.decide, fenced=True) is None:
                    self._dropped(record)
                return
            except (JournalFull, StoreRefused) as error:
                if self._waited(record, error):
                    return

    def _waited(self, record: Record, error: SendoffError) -> bool:
        """Until it is worth a look whether the journal can be written again; True where the process leaves."""
        self._log.error("the end of operation %s cannot be recorded: %s", record.number, error)
        return self._leaving.wait(FULL_AGAIN)

    def _dropped(self, record: Record) -> None:
        self._log.warning("operation %s is another process's now; this late try is dropped", record.number)

    def _try(self, load: Load, down_since: Moment | None) -> Try:
        record, shipment, began = load.record, load.shipment, load.began
        ended = self._clock.steady()
        if shipment is None:
            return Try(began=began, ended=ended, confirmed=record.tally.confirmed, down_since=down_since, blind=record.tally.blind)
        if shipment.elsewhere:
            return Try(
                began=began, ended=ended, sent=shipment.sent, confirmed=shipment.operation.tally.confirmed, down_since=down_since,
                protocol=shipment.protocol, resumable=shipment.resumable, blind=shipment.operation.tally.blind, answers=shipment.answers,
            )  # fmt: skip
        session = shipment.session is not None
        return Try(
            began=began, ended=ended, sent=shipment.sent, confirmed=shipment.confirmed if session else 0, session=session, down_since=down_since,
            protocol=shipment.protocol, resumable=shipment.resumable, blind=shipment.blind, answers=shipment.answers,
        )  # fmt: skip

    def _unbegun(self, load: Load) -> Try:
        """Nothing of it went out: whatever was known of it still holds."""
        tally, shipment = load.record.tally, load.shipment
        standing: WorkShipment | None = shipment if shipment is not None and shipment.session is not None else None
        return Try(began=load.began, ended=load.began, confirmed=tally.confirmed, session=standing is not None, blind=tally.blind)


def _outlived(decision: Decision) -> Decision:
    """Its file was deleted while it was sent: what was open went out to its end, as it was queued, and that is told."""
    return replace(decision, lines=(("changed", {"source": "gone", "checked": "what was open was sent to its end"}), *decision.lines))


def _apart(decision: Decision, result: Delivery | SendoffError) -> Decision:
    """What a try at another origin leaves of the operation's own session: all of it, but what is of no more use goes at its server, too."""
    if isinstance(result, Delivery):
        return replace(decision, forget=False, abandon=True)
    return replace(decision, forget=False, abandon=decision.abandon and not isinstance(result, SessionLost))
