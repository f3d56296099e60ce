"""What an upload is to somebody who watches: it needs him, it has failed, runs, waits, stands in the queue, or is done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from sendoff.cli.watch.tally import TRIED_AGAIN
from sendoff.model.query import Query, View


class Kind(IntEnum):
    """In the order in which they are listed."""

    NEEDS = 0
    FAILED = 1
    RUNNING = 2
    WAITING = 3
    QUEUED = 4
    ENDED = 5


def kind_of(view: View, *, live: bool = False) -> Kind:
    """What it is. live: a try of it is under way, whatever it was when last asked for."""
    status = view["status"]
    if status in ("completed", "canceled"):
        return Kind.ENDED
    if status == "error":
        return Kind.FAILED
    if live or (status == "running" and view["reason"] not in TRIED_AGAIN):
        return Kind.RUNNING
    if status == "paused_recoverable" and view["reason"] != "source_unavailable":
        return Kind.NEEDS
    return Kind.QUEUED if status == "idle" else Kind.WAITING


_NEEDS, _RUNNING, _QUEUED, _FAILED = ("paused_recoverable",), ("running",), ("idle",), ("error",)
PAUSED = ("paused_by_application", "paused_no_network", "paused_costed_network", "paused_system_policy")


@dataclass(frozen=True, slots=True)
class Showing:
    """Which of them are listed. sources: the statuses that are asked for, one after the other, as far as somebody looks."""

    name: str
    kinds: frozenset[Kind]
    sources: tuple[tuple[str, ...], ...]


SHOWINGS = (
    Showing("everything", frozenset(Kind), (_NEEDS, _RUNNING, PAUSED, _QUEUED)),
    Showing("what needs you", frozenset({Kind.NEEDS}), (_NEEDS,)),
    Showing("what runs", frozenset({Kind.RUNNING}), (_RUNNING,)),
    Showing("what waits", frozenset({Kind.WAITING, Kind.QUEUED}), (_RUNNING, _NEEDS, PAUSED, _QUEUED)),
    Showing("what failed", frozenset({Kind.FAILED}), (_FAILED,)),
)


def asked(query: Query, statuses: tuple[str, ...]) -> Query:
    """Those of what is watched that stand so; of what failed, what nobody has seen to yet."""
    failed = statuses == _FAILED
    return replace(query, statuses=statuses, open=None if failed else query.open, listed=True if failed else None)
