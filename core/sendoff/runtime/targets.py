"""What is queued for a target when something new comes for it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.policy.target import Meeting, met
from sendoff.ports.store import Store
from sendoff.runtime.draft import Draft
from sendoff.runtime.in_force import InForce
from sendoff.runtime.likeness import alike
from sendoff.runtime.secrets import Secrets

_PAGE = 1000


class Targets:
    """Looks at each target once a slice; two who come for one target at the same moment come one after the other.

    in_force: orders for many; an operation that one of them will still stop does not stand for what comes after it.
    """

    def __init__(self, store: Store, secrets: Secrets, in_force: InForce) -> None:
        self._store, self._secrets, self._in_force = store, secrets, in_force
        self._free = threading.Condition()
        self._held: set[str] = set()

    @contextmanager
    def held(self, drafts: Iterable[Draft]) -> Iterator[None]:
        """Nobody else looks at these targets until what was seen has been acted on."""
        mine = {draft.record.target for draft in drafts if draft.record.target is not None}
        with self._free:
            self._free.wait_for(lambda: self._held.isdisjoint(mine))
            self._held |= mine
        try:
            yield
        finally:
            with self._free:
                self._held -= mine
                self._free.notify_all()

    def met(self, drafts: Mapping[int, Draft]) -> dict[int, Meeting]:
        """What each draft finds, by its place; one that finds nothing is left out. An earlier draft of the same slice counts as there."""
        standing, found = self._standing(drafts.values()), dict[int, Meeting]()
        for place, draft in drafts.items():
            record = draft.record
            if record.target is None:
                continue
            others = standing.setdefault(record.target, [])
            if others:
                found[place] = met(record, others, apart=draft.apart, alike=lambda one, other: alike(one, other, self._secrets))
            if place not in found or found[place].same is None:
                others.append(record)
        return found

    def _standing(self, drafts: Iterable[Draft]) -> dict[str, list[Record]]:
        """What is open at the targets of these drafts."""
        targets = tuple({draft.record.target for draft in drafts if draft.record.target is not None})
        standing: dict[str, list[Record]] = {}
        query = Query(targets=targets, open=True)
        for record in every(lambda after: self._store.find(query, after=after, limit=_PAGE)) if targets else ():
            if not self._in_force.covers(record):
                standing.setdefault(str(record.target), []).append(record)
        return standing


def same_of(meetings: Mapping[int, Meeting], place: int) -> Record | None:
    """The operation that this draft is already, if any."""
    meeting = meetings.get(place)
    return meeting.same if meeting is not None else None
