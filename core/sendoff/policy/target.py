"""What a new upload means for those to the same target: one thing, one upload at a time, in order of creation.

same ─────────▶ an unchanged source that is still queued: there is nothing new to store
replaced ─────▶ not begun, with an older state of the same source: canceled
passed by ────▶ paused by a person, or waiting for one: it stays as it is
anything else ▶ may run or does: the new one waits behind it
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.status import Reason, TransferStatus, Want
from sendoff.policy.decision import Decision, lane_of
from sendoff.policy.lifecycle import canceled

_PASSED = (TransferStatus.PAUSED_BY_APPLICATION, TransferStatus.PAUSED_RECOVERABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """What a new operation finds at its target. same: it is there already. passed: ids."""

    same: Record | None = None
    replaced: tuple[Record, ...] = ()
    passed: tuple[str, ...] = ()


def met(record: Record, others: Sequence[Record], *, apart: bool, alike: Callable[[Record, Record], bool]) -> Meeting:
    """What becomes of the new operation and of the open ones at its target.

    apart: it is a new operation whatever there is. alike: whether two ask for the same.
    """
    if not apart:
        same = next((one for one in others if _goes_on(one) and _unchanged(one, record) and alike(one, record)), None)
        if same is not None:
            return Meeting(same=same)
    return Meeting(
        replaced=tuple(one for one in others if not _begun(one) and _outdated(one, record)),
        passed=tuple(one.id for one in others if one.status in _PASSED and not one.holds_target),
    )


def replaced(record: Record, by: str, wall: Moment) -> Decision:
    """A newer state of its source goes instead."""
    decision, reason = canceled(record, wall), str(Reason.REPLACED)
    fields = {**decision.fields, "lane": lane_of(record), "reason": reason, "reason_text": f"its file has changed since; it was put again: {by}"}
    return replace(decision, fields=fields, lines=(("canceled", {"reason": reason, "by": by}),))


def _goes_on(record: Record) -> bool:
    """It will be sent without anybody's help, or is being sent; one that was created to be started later is its program's affair."""
    return record.holds_target and record.want in (None, Want.NOW)


def _begun(record: Record) -> bool:
    return record.owner is not None or record.started_at is not None or not record.holds_target


def _unchanged(old: Record, new: Record) -> bool:
    was, now = old.spec.source.found, new.spec.source.found
    return old.spec.source.same_part(new.spec.source) and was is not None and now is not None and now.same_file(was)


def _outdated(old: Record, new: Record) -> bool:
    return old.number > 0 and old.spec.source.same_part(new.spec.source) and not _unchanged(old, new)
