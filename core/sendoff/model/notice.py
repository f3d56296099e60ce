"""What a sink is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendoff.model.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One event for one sink.

    id: the event's stable id; the same notice may come again. operation: as JSON shows it, None for a batch's.
    """

    id: str
    type: str
    time: Moment
    operation: Mapping[str, Any] | None = None
    data: Mapping[str, Any] | None = None
