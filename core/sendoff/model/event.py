"""One line of the durable history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendoff.model.moment import Moment

TYPES = (
    "created", "started", "attempt_failed", "session_recorded", "confirmed", "waiting", "paused", "resumed", "changed", "retried",
    "completed", "failed", "canceled", "acknowledged", "source_removed", "source_left", "notice_failed", "batch_completed",
    "handler_completed", "handler_failed", "notification", "notification_skipped",
)  # fmt: skip
ENDS = frozenset({"completed", "failed", "canceled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, in commit order.

    seq: grows in commit order, given by the store. id: stable; a receiver that saw it drops the repeat. time: microseconds since 1970. round: counts from 1,
    one more with each retry. data: what belongs to the type, JSON values.

    >>> operation = sendoff.put(b"hello", "archive:hello.txt").wait()
    >>> [event.type for event in operation.events()]
    ['created', 'completed', 'acknowledged']
    """

    id: str
    time: Moment
    type: str
    operation: str = ""
    batch: str = ""
    round: int = 1
    data: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0
