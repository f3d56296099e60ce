"""How many of many uploads stand where, and how far they are together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sendoff.errors import Json
from sendoff.model.progress import UploadProgress
from sendoff.model.query import View

ENDED = ("completed", "canceled", "error")
TRIED_AGAIN = ("backoff", "unreachable", "server_lock")  # reasons of what is running and waits for its next try


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts of one moment. waits: by reason, of what has not ended. person: of those, what only a person can help.

    sent: bytes that went out or were confirmed, of ``bytes`` in all. exact: False when there are more than were counted.
    """

    total: int = 0
    ended: int = 0
    failed: int = 0
    running: int = 0
    person: int = 0
    waits: Mapping[str, int] = field(default_factory=dict)
    bytes: int = 0
    sent: int = 0
    exact: bool = True

    @property
    def open(self) -> int:
        """Those that have not ended."""
        return self.total - self.ended

    def moved_on(self, gone: int, badly: int, bytes: int) -> Tally:
        """What it comes to until the next count: so many have ended since, of those so many badly, and others have begun; these bytes have moved."""
        ended, waits = min(self.ended + gone, self.total), dict(self.waits)
        begun = min(gone, waits.get("queued", 0))
        waits["queued"] = waits.get("queued", 0) - begun
        running = max(min(self.running, self.total - ended), 0)
        failed = min(self.failed + badly, ended)
        return replace(self, ended=ended, failed=failed, running=running, waits=+Counter(waits), sent=min(self.sent + bytes, self.bytes))

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            total=self.total + other.total, ended=self.ended + other.ended, failed=self.failed + other.failed, running=self.running + other.running,
            person=self.person + other.person, waits=Counter(self.waits) + Counter(other.waits), bytes=self.bytes + other.bytes, sent=self.sent + other.sent,
            exact=self.exact and other.exact,
        )  # fmt: skip


def counted(statuses: Mapping[str, int], reasons: Mapping[str, int], *, total_bytes: int = 0, sent_bytes: int = 0, more: bool = False) -> Tally:
    """A tally of what the host has counted by status and by reason."""
    ended = sum(statuses.get(word, 0) for word in ENDED)
    waits = Counter({reason: number for reason, number in reasons.items() if number and reason not in ("", "interrupted_non_idempotent")})
    tried_again = sum(waits[reason] for reason in TRIED_AGAIN)
    waits["paused"] = statuses.get("paused_by_application", 0)
    waits["not started"] = statuses.get("idle", 0) - sum(waits[reason] for reason in ("queued", "earlier_upload", "limit"))
    return Tally(
        total=sum(statuses.values()), ended=ended, failed=statuses.get("error", 0) + statuses.get("canceled", 0),
        running=max(statuses.get("running", 0) - tried_again, 0), person=max(statuses.get("paused_recoverable", 0) - waits["source_unavailable"], 0),
        waits=+waits, bytes=total_bytes, sent=sent_bytes, exact=not more,
    )  # fmt: skip


def as_told(told: Json) -> Tally:
    """A tally of the host's answer about a batch or about all that is open."""
    more = bool(told.get("more"))
    return counted(told["statuses"], told["reasons"], total_bytes=told["total_bytes"], sent_bytes=told["sent_bytes"], more=more)


def tally_of(views: Iterable[View]) -> Tally:
    """A tally of these operations."""
    statuses, reasons, size, sent = Counter[str](), Counter[str](), 0, 0
    for view in views:
        statuses[view["status"]] += 1
        if view["status"] not in ENDED:
            reasons[view["reason"] or ""] += 1
        size += view["progress"]["total_bytes"]
        sent += passed(view["progress"])
    return counted(statuses, reasons, total_bytes=size, sent_bytes=sent)


def passed(progress: Mapping[str, Json]) -> int:
    """Bytes of an upload that are at the server, or on their way to it in this try."""
    return min(max(int(progress["bytes_sent"]), int(progress["bytes_confirmed"])), int(progress["total_bytes"]))


def passed_of(one: UploadProgress) -> int:
    """The same of a try that is told of."""
    return min(max(one.bytes_sent, one.bytes_confirmed), one.total_bytes)
