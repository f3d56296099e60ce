"""What an order means for an operation: every arrow that a person or a program can cause."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.moment import Moment
from sendoff.model.operation import Record, Tally
from sendoff.model.secret import STARS, is_sealed
from sendoff.model.status import TransferStatus, Want
from sendoff.policy.decision import Decision, lane_of, queued
from sendoff.policy.lifecycle import canceled, paused

Ordered = Callable[[Record, Moment, Moment], Decision | None]


def ordered(verb: str, record: Record, now: Moment, wall: Moment, *, at_once: bool = False) -> Decision | None:
    """What this order does to this operation; None = it is so already. ``InvalidState`` says why it cannot be. at_once: of ``resume``."""
    if verb not in VERBS:
        raise InvalidArgument(f"there is no order {verb!r}; there are {', '.join(sorted(VERBS))}")
    decision = resume_at_once(record, now) if at_once and verb == "resume" else VERBS[verb](record, now, wall)
    if decision is None or record.want != Want.NOW or decision.fields.get("want", Want.NOW) == Want.NOW:
        return decision
    return replace(decision, fields={**decision.fields, "lane": lane_of(record)})


def start(record: Record, now: Moment, _wall: Moment) -> Decision | None:
    """An operation that was created without starting may start."""
    if record.status is not TransferStatus.IDLE or record.due is not None or record.owner:
        raise InvalidState(f"operation {record.number} was started already")
    return Decision(fields=queued(now, holds_target=record.target is not None), lines=(("started", {}),))


def pause(record: Record, _now: Moment, _wall: Moment) -> Decision | None:
    """It stops at once where that loses nothing; an upload that cannot be repeated is not stopped halfway."""
    _must_be_open(record, "pause")
    if record.status is TransferStatus.PAUSED_BY_APPLICATION or record.want == Want.PAUSE:
        return None
    if record.owner is None:
        return paused(record)
    if not record.spec.repeatable:
        raise InvalidState(f"operation {record.number} is a {record.spec.method} under way, which cannot be repeated; let it finish or cancel it")
    return Decision(fields={"want": str(Want.PAUSE)})


def resume(record: Record, now: Moment, _wall: Moment) -> Decision | None:
    """It goes on, whether a person paused it or it waited for one."""
    _must_be_open(record, "resume")
    if record.owner is not None:
        stops = record.want == Want.PAUSE or (record.want == Want.LEFT and record.spec.idempotent)
        return Decision(fields={"want": None}) if stops else None
    if record.status not in (TransferStatus.PAUSED_BY_APPLICATION, TransferStatus.PAUSED_RECOVERABLE, TransferStatus.PAUSED_SYSTEM_POLICY):
        return None
    tally = replace(record.tally, resent=0, pause=0)
    return Decision(fields=queued(now, holds_target=record.target is not None, tally=tally), lines=(("resumed", {}),))


def resume_at_once(record: Record, now: Moment) -> Decision | None:
    """One try now, whatever network, power or back-off say; what runs is left alone."""
    _must_be_open(record, "resume")
    if record.owner is not None or record.want == Want.NOW or (record.status is TransferStatus.IDLE and record.due is None):
        return resume(record, now, now)
    tally = replace(record.tally, resent=0, pause=0)
    fields = queued(now, holds_target=record.target is not None, tally=tally, lane=lane_of(record, at_once=True))
    return Decision(fields={**fields, "want": str(Want.NOW)}, lines=(("resumed", {"now": True}),))


def cancel(record: Record, now: Moment, wall: Moment) -> Decision | None:
    """It ends; a running try is told to stop and ends when it was seen to. What failed is given up: it leaves the list."""
    if record.status is TransferStatus.ERROR:
        return acknowledge(record, now, wall)
    _must_be_open(record, "cancel")
    if record.owner is None:
        return canceled(record, wall)
    return None if record.want == Want.CANCEL else Decision(fields={"want": str(Want.CANCEL)})


def retry(record: Record, now: Moment, _wall: Moment) -> Decision | None:
    """A new round of the same operation; it continues at the confirmed byte where the server still has it."""
    if record.status is TransferStatus.COMPLETED:
        raise InvalidState(f"operation {record.number} is completed; put the file again to send it again")
    if not record.status.terminal:
        raise InvalidState(f"operation {record.number} has not ended")
    missing = _lost_secrets(record)
    if missing:
        raise InvalidState(f"operation {record.number}: {missing} was erased at its end; put the file again")
    fields: dict[str, Any] = queued(
        now, open=True, holds_target=record.target is not None, round=record.round + 1, finished_at=None, acknowledged_at=None,
        tally=Tally(confirmed=record.tally.confirmed, best=record.tally.confirmed, sent=record.tally.sent, resumable=record.tally.resumable,
            protocol=record.tally.protocol, blind=record.tally.blind,
        ),
    )  # fmt: skip
    return Decision(fields=fields, lines=(("retried", {}),))


def acknowledge(record: Record, _now: Moment, wall: Moment) -> Decision | None:
    """Its end was seen: it leaves the list. Of a failed one goes what the server keeps, and then its secrets."""
    if not record.status.terminal:
        raise InvalidState(f"operation {record.number} has not ended")
    if record.acknowledged_at is not None:
        return None
    failed = record.status is TransferStatus.ERROR
    kept = failed and bool(record.spec.source.copies)  # for a retry; with any other end the copy went
    fields = {"acknowledged_at": wall} if failed else {"acknowledged_at": wall, "sealed": None, "environment": None}
    return Decision(fields=fields, lines=(("acknowledged", {}),), abort=failed, erase=kept)


VERBS: Mapping[str, Ordered] = {"start": start, "pause": pause, "resume": resume, "cancel": cancel, "retry": retry, "acknowledge": acknowledge}


def _must_be_open(record: Record, verb: str) -> None:
    if record.status.terminal:
        raise InvalidState(f"operation {record.number} is {record.status.word}; there is nothing to {verb}")


def _lost_secrets(record: Record) -> str | None:
    """What a new round would lack."""
    if record.spec.source.copies and (record.status is TransferStatus.CANCELED or record.acknowledged_at is not None):
        return "the copy that was to be sent"
    if record.sealed is not None:
        return None
    hidden = [name for name, value in record.spec.headers if value == STARS]
    if hidden:
        return f"the value of {hidden[0]}"
    if record.spec.source.sealed:
        return f"the value of the part {record.spec.source.sealed[0]}"
    if is_sealed(record.spec.credential) or is_sealed(record.spec.options.get("proxy_credential")):
        return "the credential that came with it"
    return "the signed part of its address" if STARS in record.spec.url else None
