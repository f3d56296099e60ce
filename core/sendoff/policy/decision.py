"""One decision about one operation: what changes, what is told, what must still happen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sendoff.model.change import SaveTodo
from sendoff.model.lane import Lane, lane_key
from sendoff.model.moment import Moment
from sendoff.model.operation import Failure, Record
from sendoff.model.status import Reason, TransferStatus

Line = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What becomes of an operation.

    fields: new values of the record. lines: ``(type, data)`` of events. forget: the checkpoint goes.
    abort: what the server keeps is to be removed, a to-do; abandon: the same, and the operation goes on without it.
    erase: the spooled source goes, a to-do. todos: whatever else must still happen.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    forget: bool = False
    abort: bool = False
    abandon: bool = False
    erase: bool = False
    todos: tuple[SaveTodo, ...] = ()

    def applied(self, record: Record) -> Record:
        """The record as it will be, before the store gives it a new version."""
        return replace(record, **self.fields)


def lane_of(record: Record, *, at_once: bool = False) -> str:
    """The lane an operation waits in; it stays at its place."""
    return lane_key(
        place=Lane(key=record.lane, since=0).place, group=record.group, priority=record.priority, cost_policy=record.spec.cost_policy,
        local=record.spec.local, at_once=at_once, unconstrained=record.spec.unconstrained,
    )  # fmt: skip


def ending(status: TransferStatus, wall: Moment, **more: Any) -> dict[str, Any]:
    """The fields every end sets."""
    return {
        "status": status, "reason": None, "reason_text": None, "needs": None, "owner": None, "want": None, "point": False, "due": None,
        "open": False, "holds_target": False, "finished_at": wall, **more,
    }  # fmt: skip


def waiting(status: TransferStatus, reason: Reason, *, due: Moment | None, text: str | None = None, **more: Any) -> dict[str, Any]:
    """The fields of an operation that waits, without an owner."""
    return {"status": status, "reason": str(reason), "reason_text": text, "owner": None, "point": False, "due": due, "needs": None, **more}


def queued(now: Moment, **more: Any) -> dict[str, Any]:
    """The fields of an operation that may start."""
    return waiting(TransferStatus.IDLE, Reason.QUEUED, due=now, want=None, error=None, **more)


def told(failure: Failure) -> dict[str, Any]:
    """A failure as an event shows it."""
    return {"code": failure.code, "message": failure.message, "side": failure.side, "http_status": failure.http_status, "retryable": failure.retryable}
