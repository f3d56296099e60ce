"""The journal does not answer for a moment: nothing is lost, nothing is told twice, and what must stop still stops."""

import logging
from random import Random

import pytest
from sendoff.errors import JournalFull, StoreRefused
from sendoff.model.change import Append, SaveNote
from sendoff.model.configuration import Configuration
from sendoff.model.event import ENDS
from sendoff.model.limits import RetryRules
from sendoff.model.operation import Request
from sendoff.model.query import Created, Query
from sendoff.runtime.batches import BATCH
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.signals import Leave, Queued
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.simulation.process import Process, VirtualClock

TROUBLE = [JournalFull("the disk is full"), StoreRefused("unable to open database file")]


class Moody(MemoryStore):
    """A store that may not answer. mood: told what is asked, may raise."""

    def __init__(self):
        super().__init__()
        self.mood = lambda what, given: None

    def commit(self, units, *, synced):
        self.mood("commit", units)
        return super().commit(units, synced=synced)

    def wake(self, now):
        self.mood("wake", now)
        return super().wake(now)

    def checkpoint(self, number):
        self.mood("checkpoint", number)
        return super().checkpoint(number)


class Desk:
    """A process over such a store, and a source."""

    def __init__(self, folder):
        self.store, self.server, self.clock = Moody(), MemoryServer(), VirtualClock()
        self.process = Process(
            "one", self.store, self.server, self.clock, Random(1), Configuration(retry=RetryRules()), folder, dies=lambda when: False, key=MemoryKey()
        )  # fmt: skip
        self.waited = []
        self.process.leaving.wait = self.waited.append
        self.source = folder / "source"
        self.source.write_bytes(b"x" * 250)

    def create(self, count=1, scheme="plain"):
        requests = [Request(source=str(self.source), destination=f"{scheme}://10.0.0.{n}/thing") for n in range(count)]
        created = list(self.process.app.create(requests))
        assert all(isinstance(one, Created) for one in created)
        return created

    def step(self, *signals):
        return self.process.conductor.step(signals or (Queued(),), self.clock.now)

    def ends(self):
        return [event.type for event in self.store.events(0, 1000) if event.type in ENDS]


@pytest.fixture
def desk(tmp_path):
    logging.disable(logging.CRITICAL)
    yield Desk(tmp_path)
    logging.disable(logging.NOTSET)


def once(error, asked, meant=lambda given: True):
    """A mood for the first time that this is asked."""
    left = [error]

    def mood(what, given):
        if what == asked and left and meant(given):
            raise left.pop()

    return mood


@pytest.mark.fault(20, 73)
@pytest.mark.parametrize("trouble", [*TROUBLE, ZeroDivisionError("a store's own mistake")], ids=["full", "refused", "mistaken"])
def test_slots_that_were_given_before_a_read_failed_are_free_again(desk, trouble):
    desk.create(3)
    desk.store.mood = once(trouble, "wake")

    troubled = desk.step()
    again = desk.step()

    assert (troubled.starts, troubled.trouble) == ((), trouble)
    assert desk.clock.now < troubled.wake <= desk.clock.now + 5_000_000
    assert len(again.starts) == 3
    assert again.trouble is None


@pytest.mark.fault(20)
def test_what_must_stop_is_told_to_although_the_journal_does_not_answer(desk):
    desk.create(2)
    running = {ticket.record.number for ticket in desk.step().starts}
    desk.store.mood = once(TROUBLE[1], "wake")

    assert {number for number, _ in desk.step(Leave()).stops} == running


@pytest.mark.fault(11, 20)
@pytest.mark.parametrize("trouble", TROUBLE, ids=["full", "refused"])
def test_an_end_that_cannot_be_written_at_once_is_written_later_and_once(desk, trouble):
    desk.create()
    (ticket,) = desk.step().starts
    desk.store.mood = once(trouble, "commit", lambda units: any(isinstance(one, Append) and one.event.type == "completed" for unit in units for one in unit))

    list(desk.process.attempts.run(ticket))

    assert desk.ends() == ["completed"]
    assert len(desk.waited) == 1


@pytest.mark.fault(11, 20)
@pytest.mark.parametrize("trouble", TROUBLE, ids=["full", "refused"])
def test_trouble_after_an_end_was_written_does_not_write_it_again(desk, trouble):
    desk.create(2)
    desk.store.mood = once(trouble, "commit", lambda units: any(isinstance(one, SaveNote) and one.kind == BATCH for unit in units for one in unit))

    for ticket in desk.step().starts:
        list(desk.process.attempts.run(ticket))
    desk.process.recovery.run()

    assert desk.ends() == ["completed"] * 2
    assert [event.type for event in desk.store.events(0, 1000)].count("batch_completed") == 1


@pytest.mark.fault(20)
def test_a_try_that_cannot_read_the_journal_is_made_again_and_not_failed(desk):
    desk.create(scheme="session")
    (ticket,) = desk.step().starts
    desk.store.mood = once(TROUBLE[1], "checkpoint")

    list(desk.process.attempts.run(ticket))

    (record,) = desk.store.find(Query()).items
    assert (record.open, record.owner, record.reason, desk.ends()) == (True, None, "backoff", [])


@pytest.mark.fault(11, 20)
@pytest.mark.parametrize("trouble", TROUBLE, ids=["full", "refused"])
def test_a_claim_that_cannot_be_written_keeps_its_slot_for_a_moment_and_costs_no_try(desk, trouble):
    desk.create()
    (ticket,) = desk.step().starts
    desk.store.mood = once(trouble, "commit")

    (outcome,) = desk.process.attempts.run(ticket)

    (record,) = desk.store.find(Query()).items
    assert (outcome.taken, len(desk.waited), record.tally.attempts, record.owner) == (False, 1, 0, None)
