"""What a try's end means for its operation: every arrow that a try can cause, in one place and without side effects.

idle ──claimed──▶ running ──delivered──▶ completed
                    │ ├─ waiting helps ─────────▶ running (backoff, unreachable) until patience is used up ─▶ error
                    │ ├─ only a person helps ───▶ paused_recoverable
                    │ ├─ waiting does not help ─▶ error, or paused_recoverable where the error is a listed one
                    │ ├─ network, cost, power ──▶ paused_no_network, paused_costed_network, paused_system_policy
                    │ └─ an order ──────────────▶ paused_by_application, canceled
An upload that must not be repeated and may have gone out whole (its commit point) is never sent again:
it ends as error ``outcome_unknown`` while the process lives, canceled ``interrupted_non_idempotent`` after its death.
What goes by the life of its program, and not of the process (``policy.parting``), is ``left`` with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from sendoff.errors import (
    DriverBroken,
    DriverMissing,
    Interrupted,
    JournalFull,
    NeedsPerson,
    OutcomeUnknown,
    Postpone,
    SendoffError,
    SessionLost,
    SourceChanged,
    SourceUnavailable,
    Transient,
    Unreachable,
)
from sendoff.model.delivery import Delivery, Receipt
from sendoff.model.limits import RetryRules
from sendoff.model.moment import Moment, moment, moment_text
from sendoff.model.operation import Failure, Record, Tally
from sendoff.model.response import Response
from sendoff.model.status import Reason, TransferStatus, Want
from sendoff.policy.asking import asking, trust_of
from sendoff.policy.cost import Gate
from sendoff.policy.decision import Decision, ending, lane_of, queued, told, waiting
from sendoff.policy.doubt import doubtful, may_be_a_portals, unknown
from sendoff.policy.patience import Try, after_failure, exhausted, needs_consent, settled
from sendoff.policy.proof import removal
from sendoff.policy.retry import pause_before_next
from sendoff.policy.waits import Around, wait

MOST_LOST_SESSIONS = 3
SUSPECT_UNSETTLED = 3
MOST_UNSETTLED = 10
_WENT_OUT = "the process ended after the whole request had gone out; it is not sent twice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What surrounds a decision. now: steady. wall: for time stamps. gate: why the network does not allow it just now.

    away: the network at hand, on which its destination is, is none just now.
    """

    rules: RetryRules
    random: Random
    now: Moment
    wall: Moment
    gate: Gate | None = None
    away: bool = False


def claimed(record: Record, owner: str, wall: Moment) -> Decision:
    """A worker takes the operation: a new epoch, so that whoever had it before is refused from now on."""
    tally = record.tally
    fields: dict[str, Any] = {
        "owner": owner, "epoch": record.epoch + 1, "status": TransferStatus.RUNNING, "reason": None, "reason_text": None, "needs": None,
        "point": False, "started_at": record.started_at or wall,
        "tally": replace(tally, attempts=tally.attempts + 1, unsettled=tally.unsettled + 1),
    }  # fmt: skip
    if record.want == Want.NOW:
        fields["lane"] = lane_of(record)  # this once: whatever becomes of the try, the ordinary rules hold again
    resumed = record.status not in (TransferStatus.IDLE, TransferStatus.RUNNING)
    return Decision(fields=fields, lines=(("resumed", {}),) if resumed else ())


def suspect(record: Record) -> bool:
    """Whether it may be what its process dies of; suspects are tried one at a time, so that the innocent are not set aside with the culprit."""
    return record.tally.unsettled >= SUSPECT_UNSETTLED


def poisoned(record: Record) -> bool:
    """Whether so many tries in a row ended with the process that this one is set aside."""
    return record.tally.unsettled >= MOST_UNSETTLED


def completed(record: Record, delivery: Delivery, one: Try, response: Response | None, setting: Setting) -> Decision:
    """The server was seen to hold it: the end, with its proof; it wins over an order that came too late."""
    tally = settled(record.tally, one, confirmed=delivery.size, best=delivery.size)
    receipt = Receipt(
        url=delivery.url, size=delivery.size, verified=delivery.verified, digests=delivery.digests, etag=delivery.etag, version_id=delivery.version_id,
        bytes_resent=max(tally.sent - delivery.size, 0), attempts=tally.attempts, finished_at=setting.wall, existing=delivery.existing,
    )  # fmt: skip
    fields = ending(TransferStatus.COMPLETED, setting.wall, tally=tally, receipt=receipt, response=response, error=None, sealed=None, environment=None)
    line = ("completed", {"url": receipt.url, "size": receipt.size, "verified": receipt.verified})
    return Decision(fields=fields, lines=(line,), forget=True, erase=bool(record.spec.source.copies), todos=removal(record, setting.now))


def failed(record: Record, error: SendoffError, one: Try, response: Response | None, setting: Setting) -> Decision:
    """What a try that ended with this error makes of its operation; what was wanted at once was tried."""
    decision = _failed(record, error, one, response, setting)
    return replace(decision, fields={"want": None, "lane": lane_of(record), **decision.fields}) if record.want == Want.NOW else decision


def _failed(record: Record, error: SendoffError, one: Try, response: Response | None, setting: Setting) -> Decision:
    if record.want == Want.CANCEL:
        return canceled(record, setting.wall, tally=_kept(record.tally, one))
    if record.want == Want.LEFT:
        return left(record, setting.wall, tally=_kept(record.tally, one))
    if isinstance(error, Interrupted):
        return _interrupted(record, one, setting)
    if isinstance(error, Postpone):
        return Decision(fields=queued(setting.now + moment(error.retry_after or 60.0), reason_text=error.message, tally=_kept(record.tally, one)))
    failure = failure_of(error)
    if doubtful(record, error):
        return _ended(failure_of(unknown(error)), _kept(record.tally, one), response, setting)
    if setting.gate is not None and setting.gate.reason is Reason.PORTAL and may_be_a_portals(failure):
        return _interrupted(record, one, setting)
    if isinstance(error, SessionLost):
        return _begun_anew(record, error, failure, one, response, setting)
    if isinstance(error, SourceChanged) and _may_restart(record):
        return replace(_tried_again(record, error, failure, replace(one, confirmed=0, session=False), response, setting), abandon=True)
    if isinstance(error, Transient):
        return _tried_again(record, error, failure, one, response, setting)
    if isinstance(error, NeedsPerson):
        return _left_to_a_person(record, error, failure, one, response, setting)
    if isinstance(error, JournalFull | DriverMissing | DriverBroken):
        reason = Reason.JOURNAL_FULL if isinstance(error, JournalFull) else Reason.PLUGIN_MISSING
        return _held(record, failure, reason, one, setting)
    if isinstance(error, OutcomeUnknown):
        return replace(_ended(failure, _kept(record.tally, one), response, setting), forget=True)
    return _given_up(record, failure, _kept(record.tally, one), response, setting)


def released(record: Record, one: Try, setting: Setting) -> Decision:
    """It was claimed for a run that ended before its turn came: as if nobody had tried it."""
    tally = replace(record.tally, attempts=max(record.tally.attempts - 1, 0))
    return failed(replace(record, tally=tally), Interrupted(), one, None, setting)


def advanced(record: Record, confirmed: int) -> Record:
    """The record with what the checkpoint of a try that nobody settled tells: one that got further is no suspect, and its patience is new."""
    if confirmed <= record.tally.best:
        return record
    return replace(record, tally=replace(record.tally, confirmed=confirmed, best=confirmed, requests=0, spent=0, resent=0, lost=0, unsettled=0))


def orphaned(record: Record, setting: Setting, *, sent: int | None = None) -> Decision:
    """Its process died during the try: go on where it was, unless repeating it is unsafe or somebody ordered otherwise.

    sent: bytes that it had given to the network by then; None = nobody knows.
    """
    tally = replace(record.tally, sent=record.tally.sent + (sent or 0), blind=record.tally.blind or sent is None)
    if record.want == Want.CANCEL:
        return canceled(record, setting.wall, tally=tally)
    if record.want == Want.LEFT:
        return left(record, setting.wall, tally=tally)
    if record.point and not record.spec.repeatable:
        return canceled(record, setting.wall, reason=Reason.INTERRUPTED_NON_IDEMPOTENT, tally=tally)
    if record.want == Want.PAUSE:
        return paused(record, tally)
    return Decision(fields=queued(setting.now, tally=replace(tally, restarted=True)))


def canceled(record: Record, wall: Moment, *, reason: Reason | None = None, text: str = _WENT_OUT, tally: Tally | None = None) -> Decision:
    """Canceled; what the server keeps is removed afterwards, and the secrets with it. text: says the reason."""
    fields = ending(TransferStatus.CANCELED, wall, tally=tally or record.tally)
    fields.update({"reason": str(reason) if reason else None, "reason_text": text if reason else None})
    return Decision(fields=fields, lines=(("canceled", {"reason": fields["reason"]}),), abort=True, erase=bool(record.spec.source.copies))


def paused(record: Record, tally: Tally | None = None) -> Decision:
    """Somebody paused it: others to the same target pass by."""
    fields = {
        "status": TransferStatus.PAUSED_BY_APPLICATION, "reason": None, "reason_text": None, "needs": None, "owner": None, "want": None,
        "point": False, "due": None, "holds_target": False, "tally": tally or record.tally,
    }  # fmt: skip
    return Decision(fields=fields, lines=(("paused", {}),))


def left(record: Record, wall: Moment, *, tally: Tally | None = None) -> Decision:
    """The program by whose life it goes has ended: it is paused until a program lists it; what must not be made twice has ended with it."""
    if not record.spec.idempotent:
        text = f"the program that made this {record.spec.method} ended before it had; it is not sent again"
        return canceled(record, wall, reason=Reason.INTERRUPTED_NON_IDEMPOTENT, text=text, tally=tally)
    decision = paused(record, tally)
    why = {"reason": str(Reason.CLIENT_GONE), "reason_text": "its program ended; it begins anew when the program lists its uploads"}
    return replace(decision, fields={**decision.fields, **why}, lines=(("paused", {"reason": why["reason"]}),))


def gated(gate: Gate, record: Record) -> Decision:
    """The network or the machine does not allow it now; no try is spent, and it stays due."""
    fields = {"status": gate.status, "reason": str(gate.reason), "reason_text": None, "owner": None, "point": False}
    told = wait(gate.reason, Around(number=record.number, network=gate.network, cost=record.spec.cost_policy))
    line = {"reason": str(gate.reason), "text": told.text, "unblocked_by": told.unblocked_by, **({"since": moment_text(gate.since)} if gate.since else {})}
    return Decision(fields=fields, lines=(("waiting", line),))


def hurried(record: Record, now: Moment) -> Decision:
    """It need not wait out its pause; what it does not wait does not count."""
    return Decision(fields={"due": now, "tally": replace(record.tally, pause=0)})


def failure_of(error: SendoffError) -> Failure:
    """An error as JSON shows it."""
    web_error = int(error.facts.get("web_error", error.web_error))
    return Failure(
        code=error.code, message=error.message, side=str(error.facts.get("side", error.side)), http_status=error.http_status, web_error=web_error,
        retryable=error.retryable, hint=error.hint,
    )  # fmt: skip


def _interrupted(record: Record, one: Try, setting: Setting) -> Decision:
    """sendoff stopped the try: by an order, for the network, or because the process leaves. None of these costs patience."""
    tally = _kept(record.tally, one)
    if record.point and not record.spec.repeatable:
        return canceled(record, setting.wall, reason=Reason.INTERRUPTED_NON_IDEMPOTENT, tally=tally)
    if record.want == Want.PAUSE:
        return paused(record, tally)
    if setting.gate:
        decision = gated(setting.gate, record)
        return replace(decision, fields={**decision.fields, "due": setting.now, "tally": tally})
    return Decision(fields=queued(setting.now, tally=tally))


def _may_restart(record: Record) -> bool:
    """Whether a source that changed during the try is sent anew, whatever it holds then; what must not be repeated is not."""
    return record.spec.if_changed == "restart" and (record.spec.repeatable or not record.point)


def _tried_again(record: Record, error: SendoffError, failure: Failure, one: Try, response: Response | None, setting: Setting) -> Decision:
    """Waiting may cure it: again after a growing pause while patience lasts; while there is no network nothing is spent."""
    if setting.gate:
        return _interrupted(record, one, setting)
    if setting.away and record.want != Want.PAUSE:
        return _put_off(record, failure, one, response, setting)
    tally = after_failure(record.tally, one)
    if exhausted(tally, record.spec, setting.rules):
        return _given_up(record, failure, tally, response, setting)
    if record.want == Want.PAUSE:
        return paused(record, tally)
    if needs_consent(tally, record.spec.source.size, setting.rules):
        text = f"{tally.resent} bytes were sent in vain, as the server cannot resume; the last error was: {failure.message}"
        return asking(record, Reason.CONSENT, "consent", text, failure, tally, response)
    pause = pause_before_next(tally.requests, setting.rules, setting.random, error.retry_after)
    reason = Reason.UNREACHABLE if isinstance(error, Unreachable) else Reason.SERVER_LOCK if error.facts.get("locked") else Reason.BACKOFF
    fields = waiting(
        TransferStatus.RUNNING, reason, due=setting.now + pause, text=failure.message, error=failure, response=response, tally=replace(tally, pause=pause)
    )
    return Decision(fields=fields, lines=(("attempt_failed", {"error": told(failure), "retry_in": pause}),))


def _put_off(record: Record, failure: Failure, one: Try, response: Response | None, setting: Setting) -> Decision:
    """Its failure says nothing about its destination, for the network there is away; it is tried on, ever more rarely, and nothing is spent."""
    tally = _kept(record.tally, one)
    pause = pause_before_next(tally.attempts, setting.rules, setting.random)
    fields = waiting(
        TransferStatus.RUNNING, Reason.UNREACHABLE, due=setting.now + pause, text=failure.message, error=failure, response=response, tally=tally
    )  # fmt: skip
    return Decision(fields=fields, lines=(("attempt_failed", {"error": told(failure), "retry_in": pause}),))


def _begun_anew(record: Record, error: SessionLost, failure: Failure, one: Try, response: Response | None, setting: Setting) -> Decision:
    """The half-done upload is of no more use: from the first byte, a bounded number of times without progress; what the server may still have of it goes."""
    left = bool(error.facts.get("left"))
    lost = 1 if one.confirmed > record.tally.best else record.tally.lost + 1
    tally = replace(_kept(record.tally, one), lost=lost, confirmed=0, restarted=True)
    if lost > MOST_LOST_SESSIONS:
        return replace(_given_up(record, failure, replace(tally, lost=0), response, setting), forget=not left, abandon=left)
    fields = queued(setting.now, tally=tally, response=response)
    why = replace(failure, message=f"{failure.message.rstrip('.')}; restarted from the first byte")
    return Decision(fields=fields, lines=(("attempt_failed", {"error": told(why), "retry_in": 0}),), forget=not left, abandon=left)


def _given_up(record: Record, failure: Failure, tally: Tally, response: Response | None, setting: Setting) -> Decision:
    """The end; an error that whoever asked for it has listed is waited at instead, with new patience for what comes then."""
    if not {failure.web_error, failure.http_status} & set(record.spec.recoverable_errors):
        return _ended(failure, tally, response, setting)
    tally = replace(tally, requests=0, spent=0)
    if record.want == Want.PAUSE:
        return paused(record, tally)
    return asking(record, Reason.RECOVERABLE_ERROR, "consent", failure.message, failure, tally, response)


def _left_to_a_person(record: Record, error: NeedsPerson, failure: Failure, one: Try, response: Response | None, setting: Setting) -> Decision:
    """Only a person can help; a drive that is away is looked for again by itself."""
    tally = _kept(record.tally, one)
    if record.want == Want.PAUSE:
        return paused(record, tally)
    decision = asking(record, Reason(error.reason), error.what, failure.message, failure, tally, response, trust_of(record, error))
    if not isinstance(error, SourceUnavailable):
        return decision
    pause = pause_before_next(record.tally.attempts, setting.rules, setting.random)
    lines = tuple((type_, {"reason": data["reason"]}) for type_, data in decision.lines)
    return replace(decision, fields={**decision.fields, "due": setting.now + pause, "needs": None}, lines=lines)


def _held(record: Record, failure: Failure, reason: Reason, one: Try, setting: Setting) -> Decision:
    """The machine is not ready for it; looked at again by itself."""
    tally = _kept(record.tally, one)
    due = setting.now + pause_before_next(tally.attempts, setting.rules, setting.random)
    fields = waiting(TransferStatus.PAUSED_SYSTEM_POLICY, reason, due=due, text=failure.message, error=failure, tally=tally)
    told = wait(reason, Around(number=record.number, said=failure.message, hint=failure.hint))
    return Decision(fields=fields, lines=(("waiting", {"reason": str(reason), **told._asdict()}),))


def _ended(failure: Failure, tally: Tally, response: Response | None, setting: Setting) -> Decision:
    fields = ending(TransferStatus.ERROR, setting.wall, error=failure, response=response, tally=tally)
    return Decision(fields=fields, lines=(("failed", {"error": told(failure)}),))


def _kept(tally: Tally, one: Try) -> Tally:
    """The tally after a try that costs no patience; what the server confirmed is kept."""
    kept = settled(tally, one, confirmed=one.confirmed, restarted=not one.session)
    return replace(kept, best=one.confirmed, requests=0, spent=0, resent=0, lost=0) if one.confirmed > tally.best else kept
