"""Writing decisions down: a decision, its events and what it makes necessary are one transaction; then it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sendoff.model.change import Append, Change, DropCheckpoint, Reply, SaveNote, SaveTodo, Update
from sendoff.model.event import ENDS, Event
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.policy.decision import Decision
from sendoff.ports.clock import Clock
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.journal import Journal

BATCH = "batch"


class Members:
    """The operations of a batch, read as one goes, anew for each who asks."""

    def __init__(self, journal: Journal, batch: str) -> None:
        self._journal, self._batch = journal, batch

    def __iter__(self) -> Iterator[Record]:
        after: str | None = None
        while True:
            page = self._journal.store.find(Query(batch=self._batch), after=after)
            yield from page.items
            if page.next is None:
                return
            after = page.next


class Ledger:
    """Enters decisions and announces those that were taken."""

    def __init__(self, journal: Journal, clock: Clock, announcer: Announcer) -> None:
        self.journal, self._clock, self._announcer = journal, clock, announcer

    def enter(self, record: Record, decision: Decision, *, fenced: bool = False, synced: bool | None = None) -> tuple[Reply, Record]:
        """The store's answer, and the record as it is now if the decision was taken.

        fenced: it comes from a try, and counts only if that try still owns the operation. synced: None = whatever ends or makes a to-do.
        """
        decision = self._with_leftovers(record, decision)
        changes = [*self._changes(record, decision, fenced)]
        lasting = synced if synced is not None else (not decision.fields.get("open", True) or bool(decision.lines))
        reply = self.journal.commit(changes, synced=lasting)[0]
        if reply.refused is not None:
            return reply, record
        after = replace(decision.applied(record), version=reply.version)
        self._announcer.tell(after, decision.lines)
        if any(type_ in ENDS for type_, _ in decision.lines):
            self.close_batch(record.batch, record)
        return reply, after

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

    def read(self, number: int) -> Record | None:
        """The newest record."""
        items = self.journal.store.find(Query(numbers=(number,)), limit=1).items
        return items[0] if items else None

    def event(self, record: Record, type_: str, data: Any, stamp: str) -> Event:
        """One line of an operation's history, with a stable id."""
        id = f"{record.id}.{record.round}.{type_}.{stamp}"
        return Event(id=id, time=self._clock.wall(), type=type_, operation=record.id, batch=record.batch, round=record.round, data=data)

    def close_batch(self, batch: str, member: Record) -> None:
        """Tell that a batch has ended, once, when nothing of it is open; a batch of one has no note and tells nothing."""
        note = self.journal.store.note(BATCH, [batch]).get(batch)
        if note is None or not note.value["sealed"] or self._open_in(batch):
            return
        event = Event(id=f"{batch}.batch_completed", time=self._clock.wall(), type="batch_completed", batch=batch, data={"total": note.value["total"]})
        change = SaveNote(kind=BATCH, key=batch, seen=note.version, value=None)
        if self.journal.commit([change, Append(event)])[0].refused is None:
            self._announcer.tell(member, [("batch_completed", {"operations": Members(self.journal, batch)})])

    def _open_in(self, batch: str) -> bool:
        """Whether one of its operations is open; a page may be empty and still have a next."""
        page = self.journal.store.find(Query(batch=batch, open=True), limit=1)
        while not page.items and page.next is not None:
            page = self.journal.store.find(Query(batch=batch, open=True), after=page.next, limit=1)
        return bool(page.items)

    def _with_leftovers(self, record: Record, decision: Decision) -> Decision:
        """A canceled operation keeps its secrets exactly as long as something of it is left at the server."""
        if not decision.abort:
            return decision
        checkpoint = self.journal.store.checkpoint(record.number)
        left = checkpoint is not None and checkpoint.session is not None
        return decision if left else replace(decision, abort=False, fields={**decision.fields, "sealed": None, "environment": None})

    def _changes(self, record: Record, decision: Decision, fenced: bool) -> Iterator[Change]:
        epoch = record.epoch if fenced else None
        yield Update(record.number, record.version, decision.fields, epoch)
        after = decision.applied(record)
        for type_, data in decision.lines:
            yield Append(self.event(after, type_, data, str(record.version + 1)))
        now, about = self._clock.steady(), f"{record.id}.{record.round}"
        if decision.abort:
            checkpoint = self.journal.store.checkpoint(record.number)
            if checkpoint is not None and checkpoint.session is not None:
                yield SaveTodo(kind="abort", about=about, seen=0, payload={"number": record.number, "session": checkpoint.session.hex()}, due=now)
        if decision.erase:
            yield SaveTodo(kind="spool", about=about, seen=0, payload={"path": record.spec.source.path}, due=now)
        if decision.forget or decision.abort:
            yield DropCheckpoint(record.number, after.epoch)
