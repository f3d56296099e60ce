"""How batches stand, looked at no more often than that is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from sendoff.model.destination import origin_of
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus
from sendoff.ports.clock import Clock
from sendoff.runtime.batches import Members
from sendoff.runtime.journal import Journal

_WORTH = 20  # times as long as a look took it is good for, so that looking is a small part of the work however large a batch is
_LONGEST = 1.0  # seconds
_KEPT = 16  # batches


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch as it stood when it was looked at. counts: operations by status. error: of the first that failed."""

    counts: Counter[str]
    size: int
    places: frozenset[str]
    error: str | None

    @property
    def total(self) -> int:
        """How many there are."""
        return self.counts.total()

    @property
    def destination(self) -> str:
        """Where it goes, if that is one place."""
        return next(iter(self.places)) if len(self.places) == 1 else "several places"


class Looks:
    """Batches as they stood a moment ago; one that has ended as it ended.

    look: at a batch, read as a whole. is_open: whether one of its operations is, which costs little.
    """

    def __init__(self, look: Callable[[str], Seen], is_open: Callable[[str], bool], clock: Clock) -> None:
        self._look, self._is_open, self._clock = look, is_open, clock
        self._kept: dict[str, tuple[float, bool, Seen]] = {}

    def at(self, batch: str) -> Seen:
        """What there is in it."""
        until, ended, seen = self._kept.get(batch, (0.0, False, None))
        if seen is not None and self._clock.monotonic() < until and ended != self._is_open(batch):
            return seen
        return self._anew(batch)

    def _anew(self, batch: str) -> Seen:
        began, ended = self._clock.monotonic(), not self._is_open(batch)
        seen = self._look(batch)
        now = self._clock.monotonic()
        kept = {**self._kept, batch: (now + min((now - began) * _WORTH, _LONGEST), ended, seen)}
        self._kept = dict(list(kept.items())[-_KEPT:])
        return seen


def looks_of(journal: Journal, clock: Clock) -> Looks:
    """Those at the batches of a journal."""
    return Looks(lambda batch: _seen(Members(journal, batch)), lambda batch: _is_open(journal, batch), clock)


def _seen(members: Members) -> Seen:
    counts, places, size, error = Counter[str](), set[str](), 0, None
    for record in members:
        counts[record.status.word] += 1
        size += record.spec.source.size
        places.add(record.spec.destination or origin_of(record.spec.url))
        if error is None and record.status is TransferStatus.ERROR and record.error is not None:
            error = record.error.message
    return Seen(counts, size, frozenset(places), error)


def _is_open(journal: Journal, batch: str) -> bool:
    """A page may be empty and still have a next."""
    page = journal.store.find(Query(batch=batch, open=True), limit=1)
    while not page.items and page.next is not None:
        page = journal.store.find(Query(batch=batch, open=True), after=page.next, limit=1)
    return bool(page.items)
