"""What becomes of an upload with its program: the literal rules of the Windows pages, for who asked for them.

A program ends   a PUT is paused, where it had been started; a POST, or whatever else must not be made twice, is broken off and has ended
and comes back   what it lists or attaches to begins anew at the first byte, once; what had ended is listed as canceled
Nothing becomes of what was never started, and what somebody had paused stays so.
"""

from __future__ import annotations

from dataclasses import replace

from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.status import Reason, TransferStatus, Want
from sendoff.policy.decision import Decision, queued
from sendoff.policy.lifecycle import left


def parted(record: Record, wall: Moment) -> Decision | None:
    """The program by whose life it goes has ended; None where that is no matter to it any more."""
    if record.status.terminal:
        return None
    alone = {"spec": replace(record.spec, client=None)}
    if record.owner is not None:
        stopping = record.want == Want.CANCEL or (record.want == Want.PAUSE and record.spec.idempotent)
        return Decision(fields=alone if stopping else {**alone, "want": str(Want.LEFT)})
    unbegun = record.status is TransferStatus.IDLE and record.due is None
    if unbegun or (record.status is TransferStatus.PAUSED_BY_APPLICATION and record.spec.idempotent):
        return Decision(fields=alone)
    decision = left(record, wall)
    return replace(decision, fields={**decision.fields, **alone})


def attached(record: Record, client: str | None, now: Moment) -> Decision | None:
    """A program lists it: what one had left begins anew, and goes by this one's life; None for whatever else there is."""
    mine = {"spec": replace(record.spec, client=client)}
    if record.want == Want.LEFT and record.spec.idempotent:  # its try is being broken off
        return Decision(fields={**mine, "want": None})
    if record.status is not TransferStatus.PAUSED_BY_APPLICATION or record.reason != Reason.CLIENT_GONE:
        return None
    tally = replace(record.tally, confirmed=0, requests=0, spent=0, resent=0, pause=0, restarted=record.tally.attempts > 0)
    fields = queued(now, holds_target=record.target is not None, tally=tally, **mine)
    return Decision(fields=fields, lines=(("resumed", {}),), abandon=True)
