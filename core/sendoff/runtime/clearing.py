"""Forgetting by policy: what has had its time, and what belongs to nothing any more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from sendoff.errors import HostUnavailable, Json
from sendoff.model.change import DropCheckpoint
from sendoff.model.limits import Retention
from sendoff.model.moment import Moment
from sendoff.model.query import Query, every
from sendoff.model.status import TransferStatus
from sendoff.ports.clock import Clock
from sendoff.runtime.abandonment import abandoned
from sendoff.runtime.answers import Answers
from sendoff.runtime.forgetting import Forgetting
from sendoff.runtime.journal import Journal
from sendoff.runtime.secrets import Secrets
from sendoff.runtime.spool import Spool
from sendoff.runtime.sweep import Sweep

_SLICE = 200  # operations a commit
_PAGE = 1000


class Clearing:
    """Answers ``ask("gc")``, and forgets now and then by itself.

    retention: as configured now. leaving: this process ends. untold: when the first event happened that a sink was not told of; nothing since is forgotten.
    """

    def __init__(
        self, journal: Journal, answers: Answers, spool: Spool, secrets: Secrets, clock: Clock, *, retention: Callable[[], Retention],
        leaving: threading.Event, untold: Callable[[], Moment | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._untold = untold
        self._journal, self._answers, self._spool, self._secrets, self._clock = journal, answers, spool, secrets, clock
        self._retention, self._leaving = retention, leaving

    def gc(self, _details: Mapping[str, Json]) -> Json:
        """Everything at once; how many of what are gone."""
        operations = self.trim()
        notes = Forgetting(self._journal, self._clock, self._retention).run()
        environments, copies = Sweep(self._journal, self._secrets, self._spool, self._clock).run()
        return {"operations": operations, "answers": self.drop_answers(), "copies": copies + self.tidy(), "environments": environments, "notes": notes}

    def tidy(self) -> int:
        """What clients left that died while they handed it over; how many files."""
        return self._spool.tidy()

    def trim(self) -> int:
        """Operations past retention, with their events; how many."""
        keep = self._keeping()
        self._let_sessions_go(keep.now - keep.finished)
        total = 0
        while count := self._journal.store.trim(keep, limit=_SLICE):
            total += count
            if self._leaving.is_set():
                raise HostUnavailable("this host is leaving; the next one goes on forgetting")
        return total

    def _keeping(self) -> Retention:
        """As configured, and longer where a sink is behind."""
        rules, now, untold = self._retention(), self._clock.wall(), self._untold()
        return replace(rules, now=now, finished=rules.finished if untold is None else max(rules.finished, now - untold))

    def _let_sessions_go(self, before: Moment) -> None:
        """Of what failed so long ago: what its server still keeps for a retry goes first, and the operation stays until that was seen."""
        store = self._journal.store
        for record in every(lambda after: store.find(Query(statuses=(TransferStatus.ERROR.word,)), after=after, limit=_PAGE)):
            if record.finished_at is None or record.finished_at >= before or not record.epoch:
                continue
            todos = abandoned(record, store.checkpoint(record.number), self._clock.steady())
            if todos:
                self._journal.commit([*todos, DropCheckpoint(record.number, record.epoch)])

    def drop_answers(self) -> int:
        """The kept answers of operations that are forgotten; how many."""
        numbers = sorted(self._answers.numbers())
        gone = 0
        for place in range(0, len(numbers), _PAGE):
            some = tuple(numbers[place : place + _PAGE])
            known = {record.number for record in self._journal.store.find(Query(numbers=some), limit=_PAGE).items}
            for number in set(some) - known:
                self._answers.remove(number)
                gone += 1
        return gone
