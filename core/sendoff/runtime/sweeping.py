"""Orders for many: recorded first, in force at once, written out in slices; what a process leaves undone the next one finishes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from sendoff.errors import HostUnavailable, SendoffError
from sendoff.model.change import Reserve, SaveNote
from sendoff.model.operation import Record
from sendoff.model.query import Applied, Order, Query, every
from sendoff.model.status import STOPPING
from sendoff.policy.standing import HOLDING, Standing
from sendoff.ports.clock import Clock
from sendoff.runtime.in_force import InForce
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.signals import Queued, Signal, Stop
from sendoff.runtime.verdicts import Verdict, Verdicts

NOTE = "sweep"
MOST_NAMED = 1000  # ids an order names in its answer
_SLICE = 0.020  # seconds a slice should take, so that nobody else waits long for the journal
_MOST = 1000  # operations in a slice


@dataclass(slots=True, eq=False)
class Sweep:
    """One of them on its way. attended: somebody waits for it. size: operations of the next slice."""

    standing: Standing
    order: Order
    version: int
    size: int
    attended: bool = True
    over: bool = False
    count: int = 0
    ids: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)

    def note(self, *, over: bool) -> SaveNote:
        """What is kept of it from now on."""
        return SaveNote(kind=NOTE, key=self.standing.id, seen=self.version, value=None if over else self.standing.to_json())


class Sweeping:
    """Writes orders for many out, one after another in the order in which they were given. leaving: this process ends. first: operations of a first slice."""

    def __init__(
        self, ledger: Ledger, in_force: InForce, verdicts: Verdicts, *, clock: Clock, signal: Callable[[Signal], None], new_id: Callable[[], str],
        leaving: threading.Event, first: int,
    ) -> None:  # fmt: skip
        self._ledger, self._in_force, self._verdicts = ledger, in_force, verdicts
        self._clock, self._signal, self._new_id, self._leaving, self._first = clock, signal, new_id, leaving, first
        self._sweeps: list[Sweep] = []
        self._turn = threading.Lock()

    @property
    def pending(self) -> int:
        """How many are not written out yet."""
        return len(self._sweeps)

    def load(self) -> None:
        """Take over what an earlier process had not written out; it is in force before anything starts."""
        for note in every(lambda after: self._ledger.journal.store.notes(NOTE, after=after)):
            standing = Standing.from_json(note.value)
            self._in_force.put(standing)
            self._sweeps.append(Sweep(standing, Order(verb=standing.verb, details=standing.details), note.version, self._first, attended=False))

    def carry_out(self, order: Order, queries: Sequence[Query]) -> Applied:
        """Record the order, put it in force, and write it out for every operation that matches now."""
        sweeps = self._recorded(order, queries)
        if order.verb in HOLDING:
            self._stop_running(sweeps)
        self._signal(Queued())
        try:
            for sweep in sweeps:
                while not sweep.over:
                    self._advance()
        finally:
            for sweep in sweeps:
                sweep.attended = False
        ids = [id for sweep in sweeps for id in sweep.ids]
        skipped = [one for sweep in sweeps for one in sweep.skipped]
        return Applied(count=sum(sweep.count for sweep in sweeps), ids=tuple(ids[:MOST_NAMED]), skipped=tuple(skipped[:MOST_NAMED]))

    def settled(self, record: Record) -> bool:
        """Whether an earlier order had to be written out for this operation; it is when this returns."""
        waited = False
        while self._in_force.covers(record):
            self._advance()
            waited = True
        return waited

    def work(self) -> int:
        """A slice of what nobody waits for; 1 while there is more."""
        if self._leaving.is_set() or all(sweep.attended for sweep in list(self._sweeps)):
            return 0
        self._advance()
        return 1

    # -- recording -------------------------------------------------------------------------------------------------

    def _recorded(self, order: Order, queries: Sequence[Query]) -> list[Sweep]:
        """One for each query, on disk; in force a moment before, so that nothing starts in between."""
        journal = self._ledger.journal
        details = {name: value for name, value in order.details.items() if name != "environment"}
        with self._turn:
            upto = journal.commit([Reserve()], synced=False)[0].number
            standings = [Standing(id=self._new_id(), verb=order.verb, query=query, upto=upto, details=details) for query in queries]
            for one in standings:
                self._in_force.put(one)
            try:
                replies = journal.commit([SaveNote(kind=NOTE, key=one.id, seen=0, value=one.to_json()) for one in standings])
            except SendoffError:
                for one in standings:
                    self._in_force.drop(one.id)
                raise
            sweeps = [Sweep(one, order, reply.version, self._first) for one, reply in zip(standings, replies, strict=True)]
            self._sweeps += sweeps
        return sweeps

    def _stop_running(self, sweeps: Sequence[Sweep]) -> None:
        """Tries under way are told at once, wherever in the queue they stand."""
        for record in self._all(Query(claimed=True)):
            sweep = next((one for one in sweeps if one.standing.covers(record)), None)
            if sweep is not None:
                self._stop(sweep.order, record)

    def _stop(self, order: Order, record: Record) -> None:
        try:
            after = self._ledger.enter_latest(record, lambda newest: self._verdicts.one(order, newest)[0])
        except SendoffError:  # why it cannot be is said when its slice comes
            return
        if after is not None and after.want in STOPPING:
            self._signal(Stop(after.number, f"ordered: {after.want}"))

    # -- writing out -----------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """One slice of the oldest."""
        if self._leaving.is_set():
            raise HostUnavailable("this host is leaving; the order is recorded, and the next host finishes it")
        with self._turn:
            sweep = next(iter(self._sweeps), None)
            if sweep is not None:
                self._slice(sweep)
                if sweep.over:
                    self._sweeps.remove(sweep)
                    self._in_force.drop(sweep.standing.id)
        self._signal(Queued())

    def _slice(self, sweep: Sweep) -> None:
        """One page of its operations, with the place where the next one begins, in one unit: after a crash none has it twice and none is left out."""
        standing = sweep.standing
        page = self._ledger.journal.store.find(standing.query, after=standing.after, limit=sweep.size)
        meant = [record for record in page.items if record.number <= standing.upto]
        over = page.next is None or len(meant) < len(page.items)
        verdict = self._verdicts.together(sweep.order, meant)
        written = max((record.number for record in meant), default=standing.written)
        moved = replace(standing, after=page.next, written=written)
        sweep.standing, began = moved, self._clock.monotonic()
        if not self._ledger.enter_together(verdict.decided, [*verdict.notes, sweep.note(over=over)]):
            sweep.standing = standing
            self._look_again(sweep)
            return
        took = self._clock.monotonic() - began
        self._in_force.put(moved)
        self._count(sweep, meant, verdict)
        sweep.version, sweep.over = sweep.version + 1, over
        sweep.size = min(max(int(sweep.size * min(max(_SLICE / max(took, 1e-6), 0.25), 2.0)), 1), _MOST)
        for record, decision in verdict.decided:
            if decision.fields.get("want") in STOPPING:
                self._signal(Stop(record.number, f"ordered: {decision.fields['want']}"))

    def _look_again(self, sweep: Sweep) -> None:
        """One of them changed meanwhile: read them anew, fewer at once; or somebody else wrote some of it out."""
        note = self._ledger.journal.store.note(NOTE, [sweep.standing.id]).get(sweep.standing.id)
        if note is None:
            sweep.over = True
        elif note.version != sweep.version:
            sweep.standing, sweep.version = Standing.from_json(note.value), note.version
        else:
            sweep.size = max(sweep.size // 2, 1)

    @staticmethod
    def _count(sweep: Sweep, meant: Sequence[Record], verdict: Verdict) -> None:
        sweep.count += len(meant) - len(verdict.refused)
        sweep.ids += [record.id for record in meant if record.id not in verdict.refused][: MOST_NAMED - len(sweep.ids)]
        sweep.skipped += [(id, error.message) for id, error in verdict.refused.items()][: MOST_NAMED - len(sweep.skipped)]

    def _all(self, query: Query) -> Iterator[Record]:
        return every(lambda after: self._ledger.journal.store.find(query, after=after, limit=1000))
