"""Why an operation does not run just now, as far as record and surroundings tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.secret import is_sealed
from sendoff.model.status import Reason, TransferStatus
from sendoff.policy.cost import Gate
from sendoff.policy.waits import Around, Full, Wait, helped, text_of, wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known around an operation that waits.

    gate: what the network or the machine says now. since: when its destination was found to be down. earlier: the operation that goes first to its target.
    beside: the one of its serialized group that is under way. asking: the one that asks a person for all that go there. full: the limit that is reached.
    later: it is not yet time for it. overdue: the moment of its next try has come, and it has not begun.
    """

    gate: Gate | None = None
    since: Moment | None = None
    earlier: str | None = None
    beside: str | None = None
    asking: Record | None = None
    full: Full | None = None
    later: bool = False
    overdue: bool = False


class Told(NamedTuple):
    """A wait as JSON shows it. since: when what it waits for began, where that is known."""

    reason: str | None = None
    text: str | None = None
    unblocked_by: str | None = None
    since: Moment | None = None


def waiting(record: Record, standing: Standing) -> Told:
    """What it waits for; of what has ended, only why it stands there."""
    if record.status.terminal:
        return Told(record.reason, record.reason_text or text_of(record.reason))
    if record.reason is None:
        return _without_reason(record)
    if record.status is TransferStatus.IDLE and record.reason == Reason.QUEUED:
        return _queued(record, standing)
    reason, gate = Reason(record.reason), standing.gate
    gate = gate if gate is not None and gate.reason is reason else None
    since = gate.since if gate else standing.since if reason is Reason.UNREACHABLE else None
    if standing.overdue:
        return Told(str(reason), *_at_a_limit(record, standing.full, reason), since)
    return Told(str(reason), *wait(reason, _around(record, network=gate.network if gate else "")), since)


def _without_reason(record: Record) -> Told:
    """Somebody paused it, or has not started it yet."""
    if record.status is TransferStatus.PAUSED_BY_APPLICATION:
        return Told(None, record.reason_text or "somebody paused it", f"sendoff resume {record.number}")
    if record.status is TransferStatus.IDLE and record.owner is None:
        return Told(None, "it was created without being started", "whoever made it starts it")
    return Told(None, record.reason_text)


def _queued(record: Record, standing: Standing) -> Told:
    """It might begin if it were not for something else."""
    if standing.earlier is not None:
        return Told(str(Reason.EARLIER_UPLOAD), *wait(Reason.EARLIER_UPLOAD, _around(record, ahead=standing.earlier)))
    if standing.asking is not None:
        return _behind(standing.asking)
    if standing.gate is not None:
        gate = standing.gate
        return Told(str(Reason.QUEUED), *wait(gate.reason, _around(record, network=gate.network)), gate.since)
    if standing.since is not None:
        return Told(str(Reason.QUEUED), *wait(Reason.QUEUED, _around(record, down=True)), standing.since)
    if standing.later:
        return Told(str(Reason.QUEUED), *wait(Reason.QUEUED, _around(record)))
    if standing.beside is not None:
        return Told(str(Reason.LIMIT), *wait(Reason.LIMIT, _around(record, ahead=standing.beside, group=record.group)))
    reason = Reason.QUEUED if standing.full is None or standing.full.what == "first" else Reason.LIMIT
    return Told(str(reason), *_at_a_limit(record, standing.full, reason))


def _at_a_limit(record: Record, full: Full | None, otherwise: Reason) -> Wait:
    """What keeps it from beginning although its time has come; where no limit does, what is said of ``otherwise``."""
    reason = otherwise if full is None else Reason.QUEUED if full.what == "first" else Reason.LIMIT
    return wait(reason, _around(record, full=full, due=None))


def _behind(asking: Record) -> Told:
    """Another asks a person for all that go there."""
    needs, hint = asking.needs or {}, asking.error.hint if asking.error else None
    text = f"as upload {asking.number}, which asks for all that go there: {asking.reason_text}"
    return Told(asking.reason, text, helped(needs.get("command"), hint))


def _around(record: Record, **more: object) -> Around:
    known: dict[str, object] = {
        "number": record.number, "said": record.reason_text, "due": record.due if record.owner is None else None, "cost": record.spec.cost_policy,
        "command": (record.needs or {}).get("command"), "hint": record.error.hint if record.error else None,
        "credential": None if is_sealed(record.spec.credential) else record.spec.credential,
    }  # fmt: skip
    return Around(**{**known, **more})  # type: ignore[arg-type]
