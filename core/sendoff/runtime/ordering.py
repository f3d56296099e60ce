"""Carrying orders out: for a few operations at once, for many as a sweep."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain, islice

from sendoff.errors import InvalidArgument
from sendoff.model.operation import Record
from sendoff.model.query import Applied, Order, Query, Selection
from sendoff.model.status import STOPPING
from sendoff.policy.order import VERBS
from sendoff.runtime.groups import Groups, behavior_of
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.moving import Moving
from sendoff.runtime.selection import Selecting
from sendoff.runtime.signals import Amended, Queued, Signal, Stop
from sendoff.runtime.sweeping import MOST_NAMED, Sweeping
from sendoff.runtime.verdicts import Verdicts

_NAMED = 4000  # numbers that one sweep keeps in its note


class Ordering:
    """Implements ``Desk.order``. few: operations that are written in one unit."""

    def __init__(
        self, ledger: Ledger, selecting: Selecting, verdicts: Verdicts, sweeping: Sweeping, groups: Groups, signal: Callable[[Signal], None], *, few: int
    ) -> None:  # fmt: skip
        self._ledger, self._selecting, self._verdicts, self._sweeping, self._signal, self._few = ledger, selecting, verdicts, sweeping, signal, few
        self._groups, self._moving = groups, Moving(ledger)

    def carry_out(self, order: Order, which: Selection) -> Applied:
        """As ``Desk.order``."""
        if not (which.ids or which.batch or which.group or which.all or which.failed):
            raise InvalidArgument(f"{order.verb} what? Name operations, a batch, a group or --all")
        if order.verb in ("move", "group"):
            return (self._move if order.verb == "move" else self._behave)(order, which)
        if order.verb not in VERBS and order.verb not in ("set", "attach"):
            raise InvalidArgument(f"there is no order {order.verb!r}; there are {', '.join(sorted((*VERBS, 'group', 'move', 'set')))}")
        named, queries = self._meant(order.verb, which)
        if order.verb == "set":
            return self._set(order, named, queries)
        few = self._countable(named, queries)
        if few is None:
            return self._sweeping.carry_out(order, [*_numbered(named), *queries])
        return self.give(order, few, alone=len(named) == 1 and not queries)

    def give(self, order: Order, records: Sequence[Record], *, alone: bool = False) -> Applied:
        """An order for a few, in one unit. alone: one was named, and why it cannot obey is raised."""
        records = list({record.number: record for record in records}.values())  # one may be named, and in a batch that is named
        waited = [self._sweeping.settled(record) for record in records]
        records = self._newest(records) if any(waited) else records
        while True:
            verdict = self._verdicts.together(order, records)
            if verdict.refused and (alone or (order.verb == "set" and len(verdict.refused) == len(records))):
                raise next(iter(verdict.refused.values()))
            if not (verdict.decided or verdict.notes) or self._ledger.enter_together(verdict.decided, verdict.notes):
                break
            records = self._newest(records)
        for record, decision in verdict.decided:
            if decision.fields.get("want") in STOPPING:
                self._signal(Stop(record.number, f"ordered: {decision.fields['want']}"))
            elif order.verb == "set":
                self._signal(Amended(replace(decision.applied(record), version=record.version + 1)))
        self._signal(Queued(lanes=tuple({decision.applied(record).lane for record, decision in verdict.decided})))
        ids = [record.id for record in records if record.id not in verdict.refused]
        return Applied(count=len(ids), ids=tuple(ids[:MOST_NAMED]), skipped=tuple((id, error.message) for id, error in verdict.refused.items()))

    def _move(self, order: Order, which: Selection) -> Applied:
        """Those named, in the order in which they were; a batch means whatever of it waits."""
        if which.batch or which.group or which.all or which.failed:
            raise InvalidArgument("move takes operations and batches by name")
        if order.details.get("where") == "current":
            return self._make_current(which)
        where, before = str(order.details.get("where", "")), order.details.get("before")
        if (where == "before") != isinstance(before, str):
            raise InvalidArgument("move it before which operation?")
        named, records = [self._selecting.meant(text) for text in which.ids], list[Record]()
        for id in named:
            found = list(self._selecting.all(Query(ids=(id,))))
            records += found if found[0].id == id else [one for one in found if one.open and one.owner is None]
        anchor = self._one(before) if isinstance(before, str) else None
        unique = list({record.number: record for record in records}.values())
        for record in unique:
            self._sweeping.settled(record)
        applied = self._moving.move(self._newest(unique), where, anchor, alone=len(named) == 1 and len(unique) == 1)
        self._signal(Queued())
        return applied

    def _make_current(self, which: Selection) -> Applied:
        """One operation, and with it those that come after it in its group."""
        if len(which.ids) != 1:
            raise InvalidArgument("one operation is made the current one of its group")
        record = self._one(which.ids[0])
        if self._sweeping.settled(record):
            (record,) = self._newest([record])
        applied = self._moving.make_current(record)
        self._signal(Queued())
        return applied

    def _behave(self, order: Order, which: Selection) -> Applied:
        """A group behaves otherwise from now on."""
        if not which.group or which.ids or which.batch or which.all or which.failed:
            raise InvalidArgument("a behavior is that of one group, by its name")
        self._groups.behave(which.group, behavior_of(order.details.get("behavior")))
        self._signal(Queued())
        return Applied()

    def _set(self, order: Order, named: Sequence[Record], queries: Sequence[Query]) -> Applied:
        """In pieces, each at once: what it holds may be secret, and is nowhere but in the operations that have it."""
        waiting, done = chain(named, *(self._selecting.all(query) for query in queries)), Applied()
        while piece := list(islice(waiting, self._few)):
            applied = self.give(order, piece, alone=len(named) == 1 and not queries)
            ids, skipped = (*done.ids, *applied.ids)[:MOST_NAMED], (*done.skipped, *applied.skipped)[:MOST_NAMED]
            done = Applied(count=done.count + applied.count, ids=ids, skipped=skipped)
        return done

    def _one(self, text: str) -> Record:
        found = self._selecting.named(text)
        if len(found) > 1:
            raise InvalidArgument(f"{text} is a batch; name the operation to go before")
        return found[0]

    def _newest(self, records: Sequence[Record]) -> list[Record]:
        return [newest for record in records if (newest := self._ledger.read(record.number)) is not None]

    # -- which operations ------------------------------------------------------------------------------------------

    def _meant(self, verb: str, which: Selection) -> tuple[list[Record], list[Query]]:
        """Operations named one by one, and what else is asked for; a batch that is named means whatever of it can obey."""
        named: dict[int, Record] = {}
        queries: list[Query] = []
        for text in which.ids:
            meant = self._selecting.meant(text)
            record = next(self._selecting.all(Query(ids=(meant,))))
            if record.id == meant:
                named[record.number] = record
            else:
                queries.append(_narrowed(verb, failed=which.failed, batch=meant))
        if which.batch:
            queries.append(_narrowed(verb, failed=which.failed, batch=self._selecting.batch(which.batch)))
        if which.group:
            queries.append(_narrowed(verb, failed=which.failed, group=which.group))
        if which.all or (which.failed and not (which.batch or which.group or which.ids)):
            queries.append(_narrowed(verb, failed=which.failed))
        return list(named.values()), queries

    def _countable(self, named: Sequence[Record], queries: Sequence[Query]) -> list[Record] | None:
        """All of them; None when they are many, or cannot be counted at a glance."""
        found = {record.number: record for record in named}
        for query in queries:
            page = self._ledger.journal.store.find(query, limit=self._few + 1)
            if page.next is not None:
                return None
            found.update((record.number, record) for record in page.items)
        return list(found.values()) if len(found) <= self._few else None


def _numbered(named: Sequence[Record]) -> list[Query]:
    """Those named, so many to a sweep as its note holds."""
    numbers = sorted(record.number for record in named)
    return [Query(numbers=tuple(numbers[place : place + _NAMED])) for place in range(0, len(numbers), _NAMED)]


def _narrowed(verb: str, *, failed: bool, batch: str | None = None, group: str | None = None) -> Query:
    """What an order over many can mean: whatever of it can obey. Only what ended and was not acknowledged is retried or acknowledged."""
    if failed:
        return Query(batch=batch, group=group, statuses=("error",), listed=True)
    if verb == "retry":
        return Query(batch=batch, group=group, statuses=("error", "canceled"), listed=True)
    return Query(batch=batch, group=group, open=False, listed=True) if verb == "acknowledge" else Query(batch=batch, group=group, open=True)
