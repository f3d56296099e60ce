"""Records as tests of decisions need them."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from sendoff.model.limits import RetryRules
from sendoff.model.operation import Record, Spec, Tally
from sendoff.model.source import Source, SourceIdentity
from sendoff.model.status import TransferStatus
from sendoff.policy.cost import Gate
from sendoff.policy.lifecycle import Setting
from sendoff.policy.patience import Try

NOW = 1_700_000_000_000_000
MINUTE = 60_000_000
DAY = 86_400_000_000


def record(*, method: str | None = "PUT", size: int = 1000, spec: dict[str, Any] | None = None, **fields: Any) -> Record:
    """A running, claimed operation."""
    identity = SourceIdentity(size=size, mtime_ns=1, ctime_ns=1, inode=1, device=1)
    made = Spec(transport="http", url="https://h/a", root="https://h/", name="a", source=Source(path="/a", identity=identity), method=method, **(spec or {}))
    basis = Record(
        id="01", batch="b", number=1, spec=made, lane="1|0|0||h", created_at=NOW, status=TransferStatus.RUNNING, owner="me", epoch=1, version=3,
        target="t" if method in (None, "PUT") else None, tally=Tally(attempts=1, unsettled=1),
    )  # fmt: skip
    return replace(basis, **fields)


def waiting(status: TransferStatus, **fields: Any) -> Record:
    """An operation without an owner."""
    return record(status=status, owner=None, **fields)


def setting(*, gate: Gate | None = None, now: int = NOW, **rules: Any) -> Setting:
    """What surrounds a decision."""
    return Setting(rules=RetryRules(**rules), random=Random(1), now=now, wall=NOW, gate=gate)


def tried(*, sent: int = 0, confirmed: int = 0, seconds: float = 1.0, session: bool = False, ended: int = NOW, down_since: int | None = None) -> Try:
    """What one try used up."""
    return Try(began=ended - round(seconds * 1e6), ended=ended, sent=sent, confirmed=confirmed, session=session, down_since=down_since)
