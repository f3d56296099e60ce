"""Orders for many: in force at once, written out in slices, finished by whoever comes after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from sendoff.errors import InvalidState
from sendoff.model.configuration import Configuration
from sendoff.model.event import ENDS
from sendoff.model.operation import Record, Request
from sendoff.model.query import Applied, Created, Order, Query, Selection
from sendoff.model.status import TransferStatus
from sendoff.policy.standing import Standing
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.signals import Queued
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.simulation.process import Crash, Process, VirtualClock

BATCHES = (7, 5, 1)
TOTAL = sum(BATCHES)


class Ground:
    """A journal with three batches in it, and one process after another that owns it; each writes two operations a slice."""

    def __init__(self, folder: Path) -> None:
        self.store, self.clock, self.key, self.folder, self.random = MemoryStore(), VirtualClock(), MemoryKey(), folder, Random(1)
        self.source = folder / "a.bin"
        self.source.write_bytes(b"x" * 1000)
        self.process = self.boot()
        for number, count in enumerate(BATCHES):
            self.create(*(f"{number}-{one}" for one in range(count)))

    def boot(self, dies: Callable[[str], bool] = lambda _: False) -> Process:
        self.process = Process("p", self.store, MemoryServer(), self.clock, self.random, Configuration(), self.folder, dies=dies, key=self.key)
        self.process.recovery.run()
        self.process.app.sweeping.load()
        return self.process

    def create(self, *names: str, group: str | None = None) -> list[int]:
        answers = [*self.process.app.create([Request(source=str(self.source), destination=f"plain://10.0.0.1/{name}", group=group) for name in names])]
        return [answer.number for answer in answers if isinstance(answer, Created)]

    def order(self, verb: str, **which: object) -> Applied:
        return self.process.app.order(Order(verb=verb), Selection(**which))  # type: ignore[arg-type]

    def finish(self) -> None:
        """What nobody waits for is written out, as the keeper does."""
        while self.process.app.sweeping.work():
            pass

    def record(self, number: int) -> Record:
        return self.store.find(Query(numbers=(number,))).items[0]

    def records(self) -> list[Record]:
        return list(self.store.find(Query(), limit=1000).items)

    def told(self, *types: str) -> list[tuple[str, str]]:
        return [(event.type, event.operation or event.batch) for event in self.store.events(0, 1000, query=Query(types=types))]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


class Countdown:
    """Dies at the commit with this number; each commit counts twice, before and after it."""

    def __init__(self, left: int) -> None:
        self.left = left

    def __call__(self, _when: str) -> bool:
        self.left -= 1
        return self.left == -1


def test_an_order_for_all_is_obeyed_by_each_once_and_every_batch_is_told_of(ground: Ground) -> None:
    applied = ground.order("cancel", all=True)

    assert applied.count == TOTAL and {record.status for record in ground.records()} == {TransferStatus.CANCELED}
    assert sorted(set(ground.told("canceled"))) == sorted(ground.told("canceled")) and len(ground.told("canceled")) == TOTAL
    assert len(ground.told("batch_completed")) == 2, "a batch of one tells nothing"
    assert not ground.store.notes("sweep").items


@pytest.mark.parametrize("verb", ["cancel", "pause"])
def test_whichever_commit_a_process_dies_at_the_next_one_finishes_what_was_accepted(verb: str, tmp_path: Path) -> None:
    died, left = True, 0
    while died:
        ground = Ground(tmp_path)
        died = False
        ground.boot(Countdown(left))
        try:
            ground.order(verb, all=True)
        except Crash:
            died = True
        accepted = bool(ground.store.notes("sweep").items or ground.told("canceled", "paused"))
        ground.boot()
        (later,) = ground.create("later")
        ground.finish()
        standing = {record.status for record in ground.records() if record.number != later}
        obeyed = {TransferStatus.CANCELED if verb == "cancel" else TransferStatus.PAUSED_BY_APPLICATION}
        told = ground.told("canceled", "paused")
        assert standing == (obeyed if accepted else standing & {*obeyed, TransferStatus.IDLE}), f"dying at {left}"
        assert len(told) == len(set(told)), f"dying at {left}: told twice"
        assert ground.record(later).status is TransferStatus.IDLE
        assert not ground.store.notes("sweep").items
        assert not accepted or len(ground.told("batch_completed")) == (2 if verb == "cancel" else 0), f"dying at {left}"
        left += 1
    assert left > 10, "recording takes two commits, writing out at least three; each was died at before and after"


def half_done(ground: Ground, verb: str, **which: object) -> None:
    """A process died over an order for many, and the next one has just opened the journal."""
    ground.boot(Countdown(7))
    with pytest.raises(Crash):
        ground.order(verb, **which)
    ground.boot()
    assert ground.process.app.sweeping.pending


def test_nothing_starts_that_an_order_not_yet_written_out_is_for(ground: Ground) -> None:
    half_done(ground, "pause", all=True)
    (later,) = ground.create("later")

    assert not ground.process.conductor.step([Queued()], ground.clock.now).starts
    ground.finish()
    started = ground.process.conductor.step([Queued()], ground.clock.now).starts
    assert [ticket.record.number for ticket in started] == [later]


def test_a_try_that_was_given_a_slot_before_is_stopped(ground: Ground) -> None:
    (ticket,) = ground.process.conductor.step([Queued()], ground.clock.now).starts
    everything = Standing(id="1", verb="cancel", query=Query(open=True), upto=TOTAL + 10)
    ground.process.in_force.put(everything)

    assert [number for number, _ in ground.process.conductor.step([], ground.clock.now).stops] == [ticket.record.number]
    assert [outcome.taken for outcome in ground.process.attempts.run(ticket)] == [False]


def test_an_order_for_one_comes_after_an_earlier_one_for_many(ground: Ground) -> None:
    last = max(record.number for record in ground.records())
    half_done(ground, "pause", all=True)

    ground.order("resume", ids=(str(last),))
    ground.finish()

    assert ground.record(last).status is TransferStatus.IDLE
    assert all(record.status is TransferStatus.PAUSED_BY_APPLICATION for record in ground.records() if record.number != last)


def test_two_orders_for_many_are_obeyed_in_their_order(ground: Ground) -> None:
    half_done(ground, "pause", all=True)

    assert ground.order("resume", all=True).count == TOTAL
    assert {record.status for record in ground.records()} == {TransferStatus.IDLE}
    assert len(ground.told("paused")) == len(ground.told("resumed")) == TOTAL


def test_a_batch_is_swept_by_its_number_and_the_others_go_on(ground: Ground) -> None:
    first = ground.records()[0].batch

    assert ground.order("cancel", ids=(first,)).count == BATCHES[0]
    assert {record.batch for record in ground.records() if record.open} == {record.batch for record in ground.records()} - {first}


def test_retry_means_what_failed_or_was_canceled_and_acknowledge_what_has_ended(ground: Ground) -> None:
    first, second = ground.records()[0].batch, ground.records()[BATCHES[0]].batch
    ground.order("cancel", batch=first)
    ground.order("cancel", batch=second)

    assert ground.order("acknowledge", batch=second).count == BATCHES[1]
    assert ground.order("retry", all=True).count == BATCHES[0]
    assert {record.round for record in ground.records() if record.batch == first} == {2}
    assert [type_ for type_, _ in ground.told(*ENDS)].count("canceled") == BATCHES[0] + BATCHES[1]


@pytest.mark.parametrize("verb", ["pause", "set"])
def test_one_that_is_named_twice_over_obeys_once(ground: Ground, verb: str) -> None:
    last = ground.records()[-1]

    applied = ground.process.app.order(
        Order(verb=verb, details={"label": "x"} if verb == "set" else {}), Selection(ids=(last.id, last.batch, str(last.number)))
    )

    assert applied.count >= 1 and len(ground.told("paused", "changed")) == 1


def test_many_named_ones_that_cannot_obey_are_told_by_name(ground: Ground) -> None:
    gone = ground.records()[0]
    ground.order("cancel", ids=(gone.id,))

    applied = ground.order("pause", ids=tuple(record.id for record in ground.records()))

    assert (applied.count, [id for id, _ in applied.skipped]) == (TOTAL - 1, [gone.id])
    with pytest.raises(InvalidState, match="canceled"):
        ground.order("pause", ids=(gone.id,))
