"""How the operations of a batch stand, or all that are open: counted once, afterwards only those that something has happened to."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeVar

from sendoff.errors import InvalidArgument, Json
from sendoff.model.moment import moment_text
from sendoff.model.operation import Record
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus
from sendoff.runtime.batches import BATCH, Members
from sendoff.runtime.journal import Journal
from sendoff.runtime.selection import Selecting
from sendoff.runtime.underway import Underway

_KEPT = 4  # batches that somebody watches at once
_PAGE = 500
_MOST_OPEN = 50_000  # are counted: what a look at them takes is felt by nobody, and neither is what they take up
_ALL = ""  # the key of all that are open, beside the ids of batches
Item = TypeVar("Item")


class _One(NamedTuple):
    """An operation as it counts. owned: a try may have ended without a word in the history."""

    status: TransferStatus
    reason: str | None
    size: int
    confirmed: int
    owned: bool


@dataclass(slots=True)
class _Counted:
    """What is known of a batch. upto: events heard; None = not looked at yet. moving: tried at the last look."""

    upto: int | None = None
    ones: dict[int, _One] = field(default_factory=dict)
    moving: frozenset[int] = frozenset()
    lock: threading.Lock = field(default_factory=threading.Lock)


class Census:
    """Answers ``ask("batch")`` and ``ask("open")``."""

    def __init__(self, journal: Journal, underway: Underway) -> None:
        self._journal, self._underway, self._selecting = journal, underway, Selecting(journal.store)
        self._counted: dict[str, _Counted] = {}
        self._lock = threading.Lock()

    def batch(self, details: Mapping[str, Json]) -> Json:
        """How far the batch ``name`` is: counts by status and by reason, and bytes; of a batch of one too."""
        name = details.get("name")
        if not isinstance(name, str):
            raise InvalidArgument("which batch? Ask with its name")
        id = self._selecting.batch(name)
        counted = self._kept(id)
        with counted.lock:  # two who ask for a large batch do not both read all of it
            live = self._underway.all((id,))
            self._look(id, counted, live)
            return {**self._standing(id, counted.ones), **_sums(counted.ones, live)}

    def open(self, _details: Mapping[str, Json]) -> Json:
        """How everything stands that has not ended: counts by status and by reason, and bytes. more: there are more than were counted."""
        counted = self._kept(_ALL)
        with counted.lock:
            live = self._underway.all()
            self._look(_ALL, counted, live)
            counted.ones = {number: one for number, one in counted.ones.items() if not one.status.terminal}
            more = len(counted.ones) >= _MOST_OPEN
            if more:
                counted.upto = None
            return {"open": len(counted.ones), "more": more, **_sums(counted.ones, live)}

    def _kept(self, id: str) -> _Counted:
        """What is known of this batch so far; of those that nobody has asked for lately nothing is kept."""
        with self._lock:
            self._counted[id] = counted = self._counted.pop(id, None) or _Counted()
            for oldest in list(self._counted)[:-_KEPT]:
                del self._counted[oldest]
        return counted

    def _look(self, id: str, counted: _Counted, live: Mapping[int, UploadProgress]) -> None:
        newest = self._journal.position()
        if counted.upto is None:
            counted.ones.clear()
            self._note(counted, Members(self._journal, id) if id != _ALL else islice(self._selecting.all(Query(open=True)), _MOST_OPEN))
        else:
            self._hear(id, counted, counted.upto, newest)
        counted.upto, counted.moving = max(newest, counted.upto or 0), frozenset(live)

    def _hear(self, id: str, counted: _Counted, upto: int, newest: int) -> None:
        """Read anew what has an event since, and what was being tried: an interrupted try leaves no event."""
        changed: set[str] = set()
        while upto < newest:
            events = self._journal.store.events(upto, _PAGE, query=Query(batch=id or None))
            changed.update(event.operation for event in events if event.operation)
            upto = events[-1].seq if events else newest
        numbers = counted.moving | {number for number, one in counted.ones.items() if one.owned}
        for some in _pages(sorted(changed)):
            self._note(counted, self._journal.store.find(Query(ids=tuple(some)), limit=_PAGE).items)
        for more in _pages(sorted(numbers)):
            self._note(counted, self._journal.store.find(Query(numbers=tuple(more)), limit=_PAGE).items)

    @staticmethod
    def _note(counted: _Counted, records: Iterable[Record]) -> None:
        for record in records:
            size, done = record.spec.source.size, record.status is TransferStatus.COMPLETED
            confirmed = size if done else record.tally.confirmed
            counted.ones[record.number] = _One(record.status, record.reason, size, confirmed, record.owner is not None)

    def _standing(self, id: str, ones: Mapping[int, _One]) -> dict[str, Json]:
        note = self._journal.store.note(BATCH, [id]).get(id)
        if note is None:
            return {"id": id, "number": min(ones), "total": len(ones), "sealed": True, "ended": None}
        ended = note.value["ended"]
        shown = moment_text(ended) if ended is not None else None
        return {"id": id, "number": note.value["number"], "total": note.value["total"], "sealed": note.value["sealed"], "ended": shown}


def _sums(ones: Mapping[int, _One], live: Mapping[int, UploadProgress]) -> dict[str, Json]:
    statuses: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    total = confirmed = sent = 0
    for number, one in ones.items():
        moving = live.get(number) if not one.status.terminal else None
        statuses[TransferStatus.RUNNING.word if moving else one.status.word] += 1
        if one.reason and not moving:
            reasons[one.reason] += 1
        total += one.size
        there = max(one.confirmed, moving.bytes_confirmed) if moving else one.confirmed
        confirmed += there
        sent += min(max(moving.bytes_sent, there), one.size) if moving else there
    return {
        "statuses": dict(statuses), "reasons": dict(reasons), "total_bytes": total, "confirmed_bytes": confirmed, "sent_bytes": sent,
    }  # fmt: skip


def _pages(items: list[Item]) -> Iterable[list[Item]]:
    return (items[place : place + _PAGE] for place in range(0, len(items), _PAGE))
