"""Notes that have had their time: receipts, batches of which nothing is left, what was learned long ago; a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sendoff.model.change import SaveNote
from sendoff.model.limits import Retention
from sendoff.model.moment import Moment, moment
from sendoff.model.note import Note
from sendoff.model.query import Query
from sendoff.ports.clock import Clock
from sendoff.runtime.batches import BATCH, NUMBER
from sendoff.runtime.journal import Journal
from sendoff.runtime.learned import LEARNED
from sendoff.runtime.receipts import RECEIPT

NOTE = "forgetting"  # by kind: how far this round has come, and when it began
_PAGE = 1000
_PAUSE = 2.0  # seconds between pages: 1,000 notes take some milliseconds
_ROUND = moment(86400.0)
_KINDS = (RECEIPT, BATCH, LEARNED)
_LEARNED_FOR = moment(30 * 86400.0)  # a server is asked anew once a month


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a round has come. after: the last key looked at; None = all were."""

    began: Moment
    after: str | None


class Forgetting:
    """Looks at every note once a day. retention: how long what is remembered, as configured now."""

    def __init__(self, journal: Journal, clock: Clock, retention: Callable[[], Retention]) -> None:
        self._journal, self._clock, self._retention = journal, clock, retention
        self._places: dict[str, _Place] = {}
        self._next = clock.monotonic() + _PAUSE

    def work(self) -> None:
        """A page of each kind, if it is time."""
        if self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + _PAUSE
            for kind in _KINDS:
                self._page(kind)

    def run(self) -> int:
        """A whole round at once; how many notes went."""
        self._places = {kind: _Place(self._clock.wall(), "") for kind in _KINDS}
        gone = 0
        for kind in self._places:
            while self._places[kind].after is not None:
                gone += self._page(kind)
        return gone

    def _page(self, kind: str) -> int:
        place = self._place(kind)
        if place.after is None:
            return 0
        page = self._journal.store.notes(kind, after=place.after or None, limit=_PAGE)
        units = [self._removal(note) for note in page.items if self._past(note)]
        self._places[kind] = place = _Place(place.began, page.next)
        kept = SaveNote(kind=NOTE, key=kind, value={"began": place.began, "after": place.after})
        self._journal.commit_many([*units, [kept]], synced=False)
        return len(units)

    def _place(self, kind: str) -> _Place:
        """Where this round stands, as an earlier process left it; a new one when its day is over, or the clock was set back."""
        wall = self._clock.wall()
        place = self._places.get(kind) or self._remembered(kind)
        if place is None or (place.after is None and not 0 <= wall - place.began < _ROUND):
            place = _Place(wall, "")
        self._places[kind] = place
        return place

    def _remembered(self, kind: str) -> _Place | None:
        note = self._journal.store.note(NOTE, [kind]).get(kind)
        return _Place(note.value["began"], note.value["after"]) if note is not None else None

    def _past(self, note: Note) -> bool:
        keep, wall, value = self._retention(), self._clock.wall(), note.value
        if note.kind == RECEIPT:
            return bool(value["at"] < wall - keep.receipts)
        if note.kind == LEARNED:
            return bool(value["at"] < wall - _LEARNED_FOR)
        return value["ended"] is not None and value["ended"] < wall - keep.finished and self._is_empty(note.key)

    def _is_empty(self, batch: str) -> bool:
        """Its last operation is forgotten."""
        return not self._journal.store.find(Query(batch=batch), limit=1).items

    @staticmethod
    def _removal(note: Note) -> Sequence[SaveNote]:
        value: Any = note.value
        gone = SaveNote(kind=note.kind, key=note.key, seen=note.version, value=None)
        return [gone] if note.kind != BATCH else [gone, SaveNote(kind=NUMBER, key=str(value["number"]), value=None)]
