"""What was brought to each target last: the memory by which an unchanged source is skipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sendoff.model.operation import Record
from sendoff.ports.store import Store

RECEIPT = "receipt"  # by the target's key, which gives nothing of its address away


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a target was last seen to hold. size, mtime: of the source as it was sent, bytes and nanoseconds. id, number: the operation's."""

    size: int
    mtime: int
    id: str
    number: int


def remembered(record: Record) -> dict[str, Any]:
    """What outlives a completed operation; it takes the place of what another one brought to the same target."""
    identity = record.spec.source.identity
    mtime = identity.mtime_ns if identity else 0
    return {"size": record.spec.source.size, "mtime": mtime, "id": record.id, "number": record.number, "at": record.finished_at}


def brought(store: Store, targets: Sequence[str]) -> Mapping[str, Brought]:
    """What is remembered of these targets."""
    notes = store.note(RECEIPT, targets) if targets else {}
    names = ("size", "mtime", "id", "number")
    return {key: Brought(**{name: note.value[name] for name in names}) for key, note in notes.items()}
