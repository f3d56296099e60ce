"""What no operation needs any more: environments of ended ones, and spooled copies that nobody owns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sendoff.model.change import SaveNote
from sendoff.model.note import Note
from sendoff.model.query import Query
from sendoff.ports.clock import Clock
from sendoff.runtime.abandonment import environments_needed
from sendoff.runtime.journal import Journal
from sendoff.runtime.secrets import NOTE, Secrets
from sendoff.runtime.spool import Spool

_PAGE = 1000
_LEAST_PAUSE, _SHARE = 2.0, 50  # seconds between rounds, and how many times longer than a round at least
_MAY_NEED = (Query(open=True), Query(statuses=("error", "canceled")))


@dataclass(slots=True)
class _Round:
    """One look at every operation that may need something. unseen: what nobody was seen to need so far."""

    began: float
    environments: dict[str, Note]
    copies: set[str]
    place: int = 0
    after: str | None = None

    @property
    def over(self) -> bool:
        return self.place == len(_MAY_NEED) or not (self.environments or self.copies)


class Sweep:
    """Marks and sweeps, a page at a time; rests between rounds, the longer the more there is to look at."""

    def __init__(self, journal: Journal, secrets: Secrets, spool: Spool, clock: Clock) -> None:
        self._journal, self._secrets, self._spool, self._clock = journal, secrets, spool, clock
        self._round: _Round | None = None
        self._next = clock.monotonic()

    def work(self) -> int:
        """A page of the present round, or the beginning of the next one when it is time; 1 while there is more to do at once."""
        if self._round is None:
            if self._clock.monotonic() < self._next:
                return 0
            self._round = self._begin()
        if not self._round.over:
            self._look(self._round)
        if not self._round.over:
            return 1
        self._end(self._round)
        return 0

    def run(self) -> tuple[int, int]:
        """A whole round at once: how many environments and how many copies went."""
        one = self._begin()
        while not one.over:
            self._look(one)
        return self._end(one)

    def _begin(self) -> _Round:
        notes = self._journal.store.notes(NOTE, limit=_PAGE).items
        return _Round(began=self._clock.monotonic(), environments={note.key: note for note in notes}, copies=self._spool.adopted())

    def _look(self, one: _Round) -> None:
        """Whatever an operation of this page needs stays."""
        page = self._journal.store.find(_MAY_NEED[one.place], after=one.after, limit=_PAGE)
        for record in page.items:
            one.environments.pop(record.environment or "", None)
            one.copies.difference_update(record.spec.source.copies)
        one.after = page.next
        one.place += page.next is None

    def _unneeded(self, environments: Mapping[str, Note]) -> Sequence[tuple[str, Note]]:
        """Those that no removal at a server needs either; asked last, for an operation may have handed its own on since it was looked at."""
        needed = environments_needed(self._journal.store) if environments else ()
        return () if needed is None else [(key, note) for key, note in environments.items() if key not in needed]

    def _end(self, one: _Round) -> tuple[int, int]:
        """What nobody needs goes; an environment that was written anew meanwhile has another version and stays."""
        environments = 0
        for key, note in self._unneeded(one.environments):
            if self._journal.commit([SaveNote(kind=NOTE, key=key, seen=note.version, value=None)])[0].refused is None:
                self._secrets.forget_environment(key)
                environments += 1
        for path in one.copies:
            self._spool.remove(path)
        now = self._clock.monotonic()
        self._round, self._next = None, now + max(_LEAST_PAUSE, _SHARE * (now - one.began))
        return environments, len(one.copies)
