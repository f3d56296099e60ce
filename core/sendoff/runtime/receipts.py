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
    """What a target was last seen to hold.

    size, mtime: of the source's file as it was sent, bytes and nanoseconds. offset, length: what of it; length None = all of it.
    id, number: the operation's.
    """

    size: int
    mtime: int
    id: str
    number: int
    offset: int = 0
    length: int | None = None

    def is_of(self, size: int, mtime: int, offset: int, length: int | None) -> bool:
        """Whether that is what these bytes of a file of this size and time would bring."""
        whole = offset == 0 and length is None
        asked = (0, None) if whole else (offset, size - offset if length is None else length)
        return (size, mtime, *asked) == (self.size, self.mtime, self.offset, self.length)


def remembered(record: Record) -> dict[str, Any]:
    """What outlives a completed operation; it takes the place of what another one brought to the same target."""
    source, identity = record.spec.source, record.spec.source.identity
    size, mtime = (identity.size, identity.mtime_ns) if identity else (source.size, 0)
    part = {} if source.length is None else {"offset": source.offset, "length": source.length}
    return {"size": size, "mtime": mtime, "id": record.id, "number": record.number, "at": record.finished_at, **part}


def brought(store: Store, targets: Sequence[str]) -> Mapping[str, Brought]:
    """What is remembered of these targets."""
    notes = store.note(RECEIPT, targets) if targets else {}
    names = ("size", "mtime", "id", "number", "offset", "length")
    return {key: Brought(**{name: note.value[name] for name in names if name in note.value}) for key, note in notes.items()}
