"""A request that was checked, and what is written of it when it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.errors import Json
from sendoff.model.change import Append, Change, Insert, SaveNote
from sendoff.model.event import Event
from sendoff.model.operation import Record
from sendoff.runtime.ledger import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A checked request, not yet stored.

    notes: to be written before it. spools: copies to be adopted before it, by name. warning: one sentence for the caller.
    apart: a new operation even where the same is still queued, for it was asked for, or its id was.
    """

    record: Record
    notes: tuple[SaveNote, ...] = ()
    spools: tuple[str, ...] = ()
    warning: str | None = None
    apart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A draft about to be stored. place: of its request in the slice. ends: what it replaces, ended in the same unit."""

    place: int
    draft: Draft
    passed: tuple[str, ...] = ()
    ends: tuple[Prepared, ...] = ()

    @property
    def unit(self) -> list[Change]:
        """One decision: it is stored and told of, and what it replaces ends."""
        record = self.draft.record
        data: dict[str, Json] = {"started": record.due is not None, "url": record.spec.url, "size": record.spec.source.size}
        if self.passed:
            data["passed"] = list(self.passed)
        if record.spec.metadata:
            data["metadata"] = dict(record.spec.metadata)
        created = Event(id=f"{record.id}.created", time=record.created_at, type="created", operation=record.id, batch=record.batch, data=data)
        return [Insert(record), Append(created), *(change for one in self.ends for change in one.changes)]
