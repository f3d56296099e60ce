"""Writing decisions down: a decision, its events and what it makes necessary are one transaction; then it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sendoff.model.change import Append, Change, Checkpoint, DropCheckpoint, Reply, SaveNote, SaveTodo, Update
from sendoff.model.event import ENDS, Event
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.policy.decision import Decision
from sendoff.ports.clock import Clock
from sendoff.runtime.abandonment import abandoned
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.batches import Batches
from sendoff.runtime.journal import Journal, Landing
from sendoff.runtime.open_batches import OpenBatches
from sendoff.runtime.receipts import RECEIPT, remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A decision as changes, for a unit of several."""

    record: Record
    decision: Decision
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entering:
    """A decision on its way into the journal."""

    record: Record
    decision: Decision
    landing: Landing


class Ledger:
    """Enters decisions and announces those that were taken. held: whether a client holds this batch open. shows: as ``Batches`` has it."""

    def __init__(
        self, journal: Journal, clock: Clock, announcer: Announcer, *, held: Callable[[str], bool] = lambda _: False,
        shows: Callable[[str], bool] = lambda _: False,
    ) -> None:  # fmt: skip
        self.journal, self._clock, self._announcer = journal, clock, announcer
        self.batches = Batches(journal, clock, announcer, held, shows)
        self.open_batches = OpenBatches(journal, self.batches, held)

    def enter(self, record: Record, decision: Decision, *, fenced: bool = False, synced: bool | None = None) -> tuple[Reply, Record]:
        """The store's answer, and the record as it is now if the decision was taken.

        fenced: it comes from a try, and counts only if that try still owns the operation. synced: None = whatever ends or makes a to-do.
        """
        decision = self._with_leftovers(record, decision)
        lasting = synced if synced is not None else (not decision.fields.get("open", True) or bool(decision.lines))
        reply = self.journal.commit(self._changes(record, decision, fenced), synced=lasting)[0]
        if reply.refused is not None:
            return reply, record
        return reply, self._told(record, decision, reply.version)

    def enter_each(self, decided: Sequence[tuple[Record, Decision]], *, synced: bool) -> Sequence[tuple[Reply, Record]]:
        """Several decisions, each for itself, in one disk transaction; the answers as of ``enter``."""
        units = [self._changes(record, decision, fenced=False) for record, decision in decided]
        replies = [said[0] for said in self.journal.commit_many(units, synced=synced)]
        return [
            (reply, record if reply.refused is not None else self._told(record, decision, reply.version))
            for reply, (record, decision) in zip(replies, decided, strict=True)
        ]

    def enter_soon(self, record: Record, decision: Decision) -> Entering:
        """As ``enter`` of what a try decided, without waiting for the store; ``entered`` looks at its answer."""
        decision = self._with_leftovers(record, decision)
        lasting = not decision.fields.get("open", True) or bool(decision.lines)
        return Entering(record=record, decision=decision, landing=self.journal.submit(self._changes(record, decision, fenced=True), synced=lasting))

    def entered(self, entering: Entering) -> Record | None:
        """The record as it is now, announced; None where the decision was not taken."""
        reply = entering.landing.replies()[0]
        return None if reply.refused is not None else self._told(entering.record, entering.decision, reply.version)

    def prepared(self, record: Record, decision: Decision) -> Prepared:
        """A decision that is to be in a unit with others; ``settle`` it once that was taken."""
        decision = self._with_leftovers(record, decision)
        return Prepared(record=record, decision=decision, changes=tuple(self._changes(record, decision, fenced=False)))

    def settle(self, taken: Sequence[Prepared]) -> None:
        """Announce prepared decisions that were taken."""
        for one in taken:
            self._announcer.tell(replace(one.decision.applied(one.record), version=one.record.version + 1), one.decision.lines)
        self.batches.close_among({one.record.batch for one in taken if any(type_ in ENDS for type_, _ in one.decision.lines)})

    def enter_together(self, decided: Sequence[tuple[Record, Decision]], more: Sequence[Change] = ()) -> bool:
        """Several decisions, and what goes with them, in one unit; False when one of them was changed meanwhile and nothing was written."""
        prepared = [self.prepared(record, decision) for record, decision in decided]
        changes = [change for one in prepared for change in one.changes]
        if any(reply.refused is not None for reply in self.journal.commit([*changes, *more])):
            return False
        self.settle(prepared)
        return True

    def enter_latest(self, record: Record, decide: Any, *, fenced: bool = False) -> Record | None:
        """Decide and enter, again from the newest record as long as somebody else was faster; None when the operation is another's now."""
        current: Record | None = record
        while current is not None:
            decision = decide(current)
            if decision is None:
                return current
            reply, after = self.enter(current, decision, fenced=fenced)
            if reply.refused is None:
                return after
            if reply.refused != "version":
                return None
            current = self.read(record.number)
        return None

    def announce(self, record: Record, type_: str) -> None:
        """Tell listeners what the history does not keep, in its place among what it keeps."""
        self._announcer.tell(record, [(type_, {})])

    def now(self) -> Moment:
        """The moment by which to-dos are due."""
        return self._clock.steady()

    def read(self, number: int) -> Record | None:
        """The newest record."""
        items = self.journal.store.find(Query(numbers=(number,)), limit=1).items
        return items[0] if items else None

    def event(self, record: Record, type_: str, data: Any, stamp: str) -> Event:
        """One line of an operation's history, with a stable id; of its end, with the caller's own data."""
        if type_ in ENDS and record.spec.metadata:
            data = {**data, "metadata": dict(record.spec.metadata)}
        id = f"{record.id}.{record.round}.{type_}.{stamp}"
        return Event(id=id, time=self._clock.wall(), type=type_, operation=record.id, batch=record.batch, round=record.round, data=data)

    def _told(self, record: Record, decision: Decision, version: int) -> Record:
        """What a taken decision made of the record, announced."""
        after = replace(decision.applied(record), version=version)
        self._announcer.tell(after, decision.lines)
        if any(type_ in ENDS for type_, _ in decision.lines):
            self.batches.close(record.batch)
        return after

    def _with_leftovers(self, record: Record, decision: Decision) -> Decision:
        """An operation that is given up keeps its secrets exactly as long as something of it is left at the server."""
        if not decision.abort:
            return decision
        checkpoint = self._checkpoint(record)
        left = checkpoint is not None and checkpoint.session is not None
        return decision if left else replace(decision, abort=False, fields={**decision.fields, "sealed": None, "environment": None})

    def _checkpoint(self, record: Record) -> Checkpoint | None:
        """How far it has come; whom nobody ever claimed has come nowhere, and is not looked up."""
        return self.journal.store.checkpoint(record.number) if record.epoch else None

    def _changes(self, record: Record, decision: Decision, fenced: bool) -> Sequence[Change]:
        return [*self._each_change(record, decision, fenced)]

    def _each_change(self, record: Record, decision: Decision, fenced: bool) -> Iterator[Change]:
        epoch = record.epoch if fenced else None
        yield Update(record.number, record.version, decision.fields, epoch)
        after = decision.applied(record)
        for type_, data in decision.lines:
            yield Append(self.event(after, type_, data, str(record.version + 1)))
        now, about = self._clock.steady(), f"{record.id}.{record.round}"
        if decision.abort:
            checkpoint = self._checkpoint(record)
            if checkpoint is not None and checkpoint.session is not None:
                yield SaveTodo(kind="abort", about=about, seen=0, payload={"number": record.number, "session": checkpoint.session.hex()}, due=now)
        if decision.abandon:
            yield from abandoned(record, self._checkpoint(record), now)
        for place, path in enumerate(record.spec.source.copies if decision.erase else ()):
            yield SaveTodo(kind="spool", about=f"{about}-{place}" if place else about, seen=0, payload={"path": path}, due=now)
        yield from decision.todos
        if decision.forget or decision.abort or decision.abandon:
            yield DropCheckpoint(record.number, after.epoch)
        if after.receipt is not None and after.target is not None and decision.fields.get("receipt") is not None:
            yield SaveNote(kind=RECEIPT, key=after.target, value=remembered(after))
