"""What a process finds when it takes over: tries nobody settled, waits no clock can reach, batches nobody closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from random import Random

from sendoff.model.change import SaveCheckpoint, SaveTodo, Update
from sendoff.model.limits import RetryRules
from sendoff.model.moment import moment
from sendoff.model.operation import Record
from sendoff.model.query import Query, every
from sendoff.policy import lifecycle
from sendoff.policy.decision import Decision
from sendoff.policy.retry import LONGEST_RETRY_AFTER
from sendoff.ports.clock import Clock
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.meter import Reading

_FAR = 2**62
_MOST_TODOS = 10_000


class Recovery:
    """Settles what an earlier owner left. Only whoever holds the host's role may run it. owner: this process. left: what its tries had sent, by number."""

    def __init__(
        self, ledger: Ledger, *, owner: str, clock: Clock, random: Random, rules: RetryRules, left: Mapping[int, Reading] | None = None
    ) -> None:  # fmt: skip
        self._ledger, self._owner, self._clock, self._random, self._rules = ledger, owner, clock, random, rules
        self._left = left or {}

    def run(self) -> int:
        """Take everything over; how many tries had been left unsettled."""
        count = sum(self._take_over(record) for record in self._all(Query(claimed=True)) if record.owner != self._owner)
        self._bring_near()
        self._ledger.batches.recover()
        return count

    def _take_over(self, record: Record) -> bool:
        """End a dead process's try; its epoch grows, so that a late word of it is refused."""

        reading = self._left.get(record.number)
        if reading is not None and reading.epoch == record.epoch:
            self._carry_on(record, reading)

        def decide(newest: Record) -> Decision:
            checkpoint = self._ledger.journal.store.checkpoint(newest.number)
            newest = lifecycle.advanced(newest, checkpoint.confirmed if checkpoint else 0)
            sent = reading.sent if reading is not None and reading.epoch == newest.epoch else None
            decision = lifecycle.orphaned(newest, self._setting(), sent=sent)
            return replace(decision, fields={**decision.fields, "epoch": newest.epoch + 1})

        return self._ledger.enter_latest(record, decide) is not None

    def _carry_on(self, record: Record, reading: Reading) -> None:
        """How far the dead one had read is further than it had come to record; of one that sent here and there nobody knows it.

        Once all has gone out it has, whatever is not known of the try after that: it may have been completed, and is not begun anew.
        """
        checkpoint = self._ledger.journal.store.checkpoint(record.number)
        if checkpoint is None or checkpoint.session is None or reading.elsewhere or (reading.prefix is None and not reading.sent):
            return
        most = record.spec.source.size if reading.prefix is None else reading.prefix[0]
        if checkpoint.prefix is not None and checkpoint.prefix[0] >= most:
            return
        further = SaveCheckpoint(number=record.number, epoch=record.epoch, session=checkpoint.session, confirmed=checkpoint.confirmed, prefix=reading.prefix)
        self._ledger.journal.commit([further])

    def _bring_near(self) -> None:
        """A clock that went back would make a pause last for years: nothing waits longer than the longest pause."""
        now = self._clock.steady()
        farthest = now + moment(max(LONGEST_RETRY_AFTER * 1.1, self._rules.longest_pause)) + moment(60)
        journal = self._ledger.journal
        for record in self._all(Query(due_after=farthest)):
            journal.commit([Update(record.number, record.version, {"due": now})], synced=False)
        for todo in journal.store.todos(_FAR, limit=_MOST_TODOS):
            if todo.due > farthest:
                nearer = SaveTodo(kind=todo.kind, about=todo.about, seen=todo.version, payload=todo.payload, due=now, tries=todo.tries)
                journal.commit([nearer], synced=False)

    def _all(self, query: Query) -> Iterator[Record]:
        """Every record that matches now, page by page."""
        return every(lambda after: self._ledger.journal.store.find(query, after=after))

    def _setting(self) -> lifecycle.Setting:
        return lifecycle.Setting(rules=self._rules, random=self._random, now=self._clock.steady(), wall=self._clock.wall())
