"""A process dies around a session that the server keeps: it is asked, and what it has is not sent again."""

from collections import Counter
from contextlib import suppress
from random import Random

import pytest
from sendoff.model.configuration import Configuration
from sendoff.model.limits import RetryRules
from sendoff.model.operation import Request
from sendoff.model.query import Order, Query, Selection
from sendoff.model.status import TransferStatus
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.signals import Ended, Queued
from sendoff.testing.memory_transport import MemoryServer

from tests.faults.journals import store_in
from tests.simulation.process import Crash, Process, VirtualClock

BLOCK = 100  # of the transports that processes here use
SIZE = 5 * BLOCK + 50


class Place:
    """A journal on disk, a server, and one process after the other."""

    def __init__(self, folder):
        self.source = folder / "source.bin"
        self.fill(SIZE)
        self._folder, self._random, self._key = folder, Random(7), MemoryKey()
        self.clock, self.points, self.deaths = VirtualClock(), Counter(), 0
        self.server = MemoryServer(point=self._point)
        self.ends_at, self.before_it_ends = None, lambda: None
        self.store = self._opened()
        self.process = self._begun()

    def fill(self, size):
        """Another source."""
        self.content = Random(7).randbytes(size)
        self.source.write_bytes(self.content)

    def _opened(self):
        store = store_in(self._folder / "state")
        store.open()
        return store

    def _begun(self):
        self.deaths += 1
        configuration = Configuration(retry=RetryRules(resend=0))
        return Process(
            f"process-{self.deaths}", self.store, self.server, self.clock, self._random, configuration, self._folder,
            dies=lambda when: False, key=self._key,
        )  # fmt: skip

    def _point(self, name, _operation):
        """A transport stands at a point once more."""
        self.points[name] += 1
        if self.ends_at == (name, self.points[name]):
            self.before_it_ends()
            self.process.journal.dead = True
            raise Crash()

    def create(self):
        (created,) = self.process.app.create([Request(source=str(self.source), destination="session://10.0.0.1/thing")])
        return created.id

    def work(self):
        """Until nothing is left to do, or the process is gone."""
        process = self.process
        for _ in range(100):
            signals, process.signals[:] = list(process.signals), []
            orders = process.conductor.step(signals, self.clock.now)
            for ticket in orders.starts:
                process.signals += [Ended(outcome) for outcome in process.attempts.run(ticket)]
            if not process.signals:
                process.afterwards.work()
                if not self.store.todos(2**62, limit=1) and orders.wake is None:
                    return
                self.clock.now = max(self.clock.now + 1_000_000, orders.wake or 0)
        raise AssertionError("it does not come to an end")

    def dies_at(self, name, turn=1):
        """The process ends when its transport stands there."""
        self.ends_at = (name, turn)
        with suppress(Crash):
            self.work()
            raise AssertionError(f"{name} was not reached {turn} times: {self.points}")
        self.ends_at = None

    def restarts(self):
        """The journal is opened again, by another process."""
        self.store.close()
        self.store = self._opened()
        self.process = self._begun()
        self.process.recovery.run()
        self.process.signals.append(Queued())

    def record(self, id):
        (found,) = self.store.find(Query(ids=(id,))).items
        return found

    def ends(self, id):
        ended = ("completed", "canceled", "failed")
        return [event.type for event in self.store.events(0, 1000) if event.operation == id and event.type in ended]

    def arrived(self, id):
        """It is completed, told once, and there is one whole copy."""
        assert (self.record(id).status, self.ends(id)) == (TransferStatus.COMPLETED, ["completed"])
        assert list(self.server.things.values()) == [self.content]
        assert self.server.repeated == 0


@pytest.fixture
def place(tmp_path):
    (tmp_path / "state").mkdir(mode=0o700)
    made = Place(tmp_path)
    yield made
    made.store.close()


@pytest.mark.fault(3)
def test_killed_before_a_session_is_recorded_a_new_one_is_opened_and_the_lost_one_is_empty(place):
    id = place.create()
    place.dies_at("created")

    place.restarts()
    place.work()

    place.arrived(id)
    (orphan,) = place.server.uploads.values()
    assert (bytes(orphan.body), place.server.made) == (b"", 2)


@pytest.mark.fault(3)
def test_killed_right_after_a_session_is_recorded_that_one_is_used(place):
    id = place.create()
    place.dies_at("recorded")

    place.restarts()
    place.work()

    place.arrived(id)
    assert (place.server.uploads, place.server.made) == ({}, 1)


@pytest.mark.fault(4)
@pytest.mark.parametrize(("where", "resent"), [("chunk", BLOCK), ("chunk_answer", 0)])
@pytest.mark.parametrize("turn", [1, 3, 6])
def test_killed_in_the_middle_of_a_chunk_the_server_is_asked_and_at_most_that_chunk_goes_twice(place, where, resent, turn):
    id = place.create()
    place.dies_at(where, turn)
    asked = place.points["asked"]

    place.restarts()
    place.work()

    place.arrived(id)
    assert place.points["asked"] == asked + 1
    blocks = -(-SIZE // BLOCK)
    assert place.points["chunk"] == blocks + resent // BLOCK


@pytest.mark.fault(5)
@pytest.mark.parametrize("where", ["finish", "finish_answer"])
def test_killed_after_the_last_byte_the_server_is_asked_and_nothing_is_sent_again(place, where):
    id = place.create()
    place.dies_at(where)
    chunks = place.points["chunk"]

    place.restarts()
    place.work()

    place.arrived(id)
    assert (place.points["chunk"], place.server.made, place.server.uploads) == (chunks, 1, {})


@pytest.mark.fault(8)
@pytest.mark.parametrize("where", ["chunk", "chunk_answer", "finish"])
def test_killed_in_the_middle_of_a_cancellation_the_next_process_finishes_it_and_nothing_stays_at_the_server(place, where):
    id = place.create()
    place.before_it_ends = lambda: place.process.app.order(Order(verb="cancel"), Selection(ids=(id,)))
    place.dies_at(where, 1)
    assert (place.record(id).want, len(place.server.uploads)) == ("cancel", 1)

    place.restarts()
    place.work()

    assert (place.record(id).status, place.ends(id)) == (TransferStatus.CANCELED, ["canceled"])
    assert (place.server.uploads, place.server.things) == ({}, {})


@pytest.mark.fault(8)
def test_killed_while_the_leftovers_of_a_cancellation_are_removed_the_next_process_removes_them(place):
    id = place.create()
    place.before_it_ends = lambda: place.process.app.order(Order(verb="cancel"), Selection(ids=(id,)))
    place.dies_at("chunk", 2)
    place.before_it_ends = lambda: None
    place.restarts()
    place.dies_at("abort")
    assert (place.record(id).status, len(place.server.uploads)) == (TransferStatus.CANCELED, 1)

    place.restarts()
    place.work()

    assert (place.server.uploads, place.ends(id)) == ({}, ["canceled"])
    assert place.store.todos(2**62, limit=10) == []


@pytest.mark.fault(8, 23)
def test_leftovers_noted_by_a_clock_that_was_a_year_ahead_are_removed_at_once(place):
    id = place.create()
    place.before_it_ends = lambda: place.process.app.order(Order(verb="cancel"), Selection(ids=(id,)))
    place.dies_at("chunk", 2)
    place.restarts()
    place.clock.now -= 365 * 86400 * 1_000_000

    place.restarts()
    place.work()

    assert (place.server.uploads, place.ends(id)) == ({}, ["canceled"])


@pytest.mark.fault(22)
def test_an_upload_that_gets_further_each_time_is_not_set_aside_however_often_its_process_dies(place):
    place.fill(20 * BLOCK)
    id = place.create()
    for turn in range(1, 15):
        place.dies_at("chunk_answer", turn)
        place.restarts()

    place.work()

    place.arrived(id)


@pytest.mark.fault(22)
def test_an_upload_that_gets_no_further_is_set_aside_when_its_process_has_died_ten_times(place):
    id = place.create()
    for turn in range(1, 11):
        place.dies_at("connect", turn)
        place.restarts()

    place.work()

    assert (place.record(id).status, place.ends(id)) == (TransferStatus.ERROR, ["failed"])
    assert place.points["connect"] == 10
