"""Small uploads go together: who goes with whom, and that each of them has an end of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sendoff.errors import HostKeyUnknown, Permanent, SendoffError, Transient, Unreachable
from sendoff.model.change import Update
from sendoff.model.configuration import Configuration
from sendoff.model.limits import Limits
from sendoff.model.operation import Record, Request, Tally
from sendoff.model.query import Created, Order, Query, Selection
from sendoff.model.status import TransferStatus
from sendoff.policy.schedule import MOST_BYTES, MOST_TOGETHER, SMALL
from sendoff.ports.transport import Shipments
from sendoff.runtime.attempts import Outcome, Ticket
from sendoff.runtime.conductor import Ended, Queued, Stop
from sendoff.runtime.vault import MemoryKey
from sendoff.testing.memory_runs import PlainRuns, Told
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.core.owned import Owned
from tests.core.test_conductor import Stand
from tests.simulation.process import Process, VirtualClock


class Fresh(Stand):
    """What is put in was never tried."""

    def put(self, place: str, count: int = 1, **fields: Any) -> None:
        super().put(place, count, **{"tally": Tally(), **fields})


def together(**more: Any) -> Stand:
    """A conductor that may send everything of one address in one run."""
    return Fresh(carrier=lambda record: record.spec.url, **more)


def sizes(ticket: Ticket) -> list[int]:
    return [record.spec.source.size for record in ticket.records]


# -- who goes along


def test_small_ones_of_a_lane_share_a_slot() -> None:
    stand = together()
    stand.put("a", 10)

    (ticket,) = stand.step().starts

    assert len(ticket.records) == 10
    assert not stand.step().starts


def test_a_run_is_bounded_in_number_and_in_bytes() -> None:
    stand = together()
    stand.put("a", MOST_TOGETHER + 1)
    stand.put("b", 2 * MOST_BYTES // SMALL, size=SMALL)

    a, b = stand.step().starts

    assert len(a.records) == MOST_TOGETHER
    assert sum(sizes(b)) == MOST_BYTES


def test_of_little_memory_a_run_takes_no_more_than_one_operation_may() -> None:
    limits = Limits(memory=16 * SMALL, concurrency=4)
    stand = together()
    stand.conductor._configuration = lambda: Configuration(limits=limits)
    stand.put("a", 10, size=SMALL)

    (ticket,) = stand.step().starts

    assert sum(sizes(ticket)) == limits.share


def test_a_larger_one_goes_alone_and_keeps_its_place_before_the_small_ones_behind_it() -> None:
    stand = together()
    stand.put("a", 1)
    stand.put("a", 1, size=SMALL + 1)
    stand.put("a", 2)

    first = stand.step()
    then = stand.reach(first)

    assert [sizes(ticket) for ticket in first.starts] == [[1000, 1000, 1000]]
    assert [sizes(ticket) for ticket in then.starts] == [[SMALL + 1]]


@pytest.mark.parametrize("tally", [Tally(requests=1), Tally(unsettled=1)], ids=["failed", "its process died"])
def test_one_that_has_failed_is_tried_alone(tally: Tally) -> None:
    stand = together()
    stand.put("a", 1, tally=tally)
    stand.put("a", 3)

    first = stand.step()
    then = stand.reach(first)

    assert [[len(ticket.records) for ticket in orders.starts] for orders in (first, then)] == [[1], [3]]


def test_only_what_one_connection_can_carry_goes_together() -> None:
    stand = Fresh(carrier=lambda record: record.number % 2)
    stand.put("a", 6)

    first = stand.step()
    then = stand.reach(first)

    assert [len(ticket.records) for ticket in (*first.starts, *then.starts)] == [3, 3]


def test_where_the_transport_carries_each_by_itself_each_has_its_slot() -> None:
    stand = Fresh()
    stand.put("a", 10)

    first = stand.step()

    assert [len(ticket.records) for ticket in (*first.starts, *stand.reach(first).starts)] == [1, 1, 1, 1]


def test_two_to_one_target_never_go_together() -> None:
    stand = together()
    stand.put("a", 3, target="the same")

    (ticket,) = stand.step().starts

    assert len(ticket.records) == 1


def test_lanes_take_turns_by_runs() -> None:
    stand = together(concurrency=1, per_destination=1)
    stand.put("a", 2 * MOST_TOGETHER)
    stand.put("b", 1)

    (first,) = stand.step().starts
    (second,) = finish(stand, first).starts

    assert [ticket.record.id.partition("-")[0] for ticket in (first, second)] == ["a", "b"]


def test_a_slot_comes_back_with_the_last_of_its_run() -> None:
    stand = together(concurrency=1)
    stand.put("a", 3)
    stand.put("b", 1)
    (ticket,) = stand.step().starts

    for record in ticket.records[:-1]:
        assert not end(stand, record).starts
    assert len(end(stand, ticket.records[-1]).starts) == 1


def test_what_no_thread_was_found_for_may_start_again() -> None:
    stand = together()
    stand.put("a", 5)
    (ticket,) = stand.step().starts

    stand.conductor.not_started(ticket)

    assert stand.conductor.running == 0
    assert [len(again.records) for again in stand.step().starts] == [5]


def test_one_of_a_run_is_stopped_by_its_own_number() -> None:
    stand = together()
    stand.put("a", 3)
    (ticket,) = stand.step().starts

    orders = stand.step(Stop(ticket.records[1].number, "ordered"))

    assert orders.stops == ((ticket.records[1].number, "ordered"),)


def test_a_run_that_cannot_reach_its_destination_counts_as_one_failure() -> None:
    stand = together(first_pause=2.0, longest_pause=1000.0)
    stand.put("a", 3)
    (ticket,) = stand.step().starts

    orders = stand.step(*(Ended(Outcome(record.number, unreachable=True)) for record in ticket.records))

    assert not orders.starts and orders.wake is not None and orders.wake - stand.now <= 2_000_000


def finish(stand: Stand, ticket: Ticket) -> Any:
    for record in ticket.records:
        orders = end(stand, record)
    return orders


def end(stand: Stand, record: Record) -> Any:
    """It is done and leaves the line."""
    done = stand.store.find(Query(numbers=(record.number,))).items[0]
    stand.store.commit([[Update(done.number, done.version, {"due": None, "open": False, "status": TransferStatus.COMPLETED})]], synced=True)
    return stand.step(Ended(Outcome(record.number, answered=True)))


# -- an end of its own


class Line:
    """One process whose transport carries runs, without threads."""

    def __init__(self, folder: Path) -> None:
        self.store, self.clock, self.server = MemoryStore(), VirtualClock(), MemoryServer()
        self.folder = folder
        self.process = Process(
            "me", self.store, self.server, self.clock, Random(1), Configuration(), folder, dies=lambda _: False, key=MemoryKey(), bundling=True,
        )  # fmt: skip

    def put(self, count: int) -> list[int]:
        """Numbers of so many small ones to one place."""
        source = self.folder / "source"
        source.write_bytes(b"x" * 50)
        asked = [Request(source=str(source), destination=f"plain://10.0.0.1/t{number}") for number in range(count)]
        made = [answer for answer in self.process.app.create(asked) if isinstance(answer, Created)]
        return [self.store.find(Query(ids=(one.id,))).items[0].number for one in made]

    def run(self) -> list[Outcome]:
        (ticket,) = self.process.conductor.step([Queued()], self.clock.now).starts
        return list(self.process.attempts.run(ticket))

    def record(self, number: int) -> Record:
        return self.store.find(Query(numbers=(number,))).items[0]

    def words(self, *numbers: int) -> list[str]:
        return [self.record(number).status.word for number in numbers]

    def at(self, point: str, turn: int, then: Callable[[], None]) -> None:
        """Something happens when the server has come to a point so many times."""
        seen = {"count": 0}

        def reached(name: str, _operation: str) -> None:
            seen["count"] += name == point
            if (name, seen["count"]) == (point, turn):
                then()

        self.server.point = reached


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def broken(error: SendoffError) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_each_of_a_run_is_completed_and_told_of(line: Line) -> None:
    numbers = line.put(5)

    outcomes = line.run()

    assert line.words(*numbers) == ["completed"] * 5
    assert sorted(outcome.number for outcome in outcomes) == numbers
    assert [line.record(number).receipt.attempts for number in numbers] == [1] * 5  # type: ignore[union-attr]


@pytest.mark.parametrize(("verb", "word"), [("pause", "paused_by_application"), ("cancel", "canceled")])
def test_an_order_to_one_of_a_run_ends_no_other(line: Line, verb: str, word: str) -> None:
    numbers = line.put(5)

    def ordered() -> None:
        line.process.app.order(Order(verb=verb), Selection(ids=(line.record(numbers[3]).id,)))
        line.process.underway.interrupt(numbers[3], "ordered")

    line.at("body", 1, ordered)
    line.run()

    assert line.words(*numbers) == ["completed", "completed", "completed", word, "completed"]


def test_a_broken_connection_costs_whoever_has_begun_a_try_and_the_others_nothing(line: Line) -> None:
    numbers = line.put(5)
    line.at("body", 3, broken(Transient("the connection broke")))

    line.run()

    tried = [line.record(number) for number in numbers]
    assert [(one.tally.attempts, one.tally.requests, one.reason) for one in tried] == [(1, 1, "backoff")] * 3 + [(0, 0, "queued")] * 2
    assert [one.tally.unsettled for one in tried] == [0] * 5
    assert all(one.owner is None for one in tried)


def test_whoever_failed_in_a_run_is_tried_alone_and_the_others_together(line: Line) -> None:
    first, *others = line.put(4)
    line.at("body", 1, broken(Transient("the connection broke")))
    ended = [Ended(outcome) for outcome in line.run()]
    line.clock.now += 10**9

    starts = line.process.conductor.step(ended, line.clock.now).starts

    assert sorted([record.number for record in ticket.records] for ticket in starts) == [[first], others]


def test_one_carries_what_keeps_all_from_beginning(line: Line) -> None:
    numbers = line.put(3)
    line.at("connect", 1, broken(Unreachable("nobody there")))

    outcomes = line.run()

    assert [outcome.number for outcome in outcomes if outcome.unreachable] == numbers[:1]
    assert [line.record(number).reason for number in numbers] == ["unreachable", "queued", "queued"]


def test_one_asks_a_person_for_all(line: Line) -> None:
    numbers = line.put(3)
    line.at("connect", 1, broken(HostKeyUnknown("who is this", everybody=True)))

    outcomes = line.run()

    assert [outcome.number for outcome in outcomes if outcome.asks] == numbers[:1]
    assert line.words(*numbers) == ["paused_recoverable", "idle", "idle"]


def test_a_driver_that_breaks_fails_one_and_not_all(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: PlainRuns, shipments: Shipments) -> Iterator[Told]:
        buffer = memoryview(bytearray(10))
        for shipment in list(shipments)[:2]:
            shipment.readinto(buffer, 0)
        raise KeyError("a stranger's mistake")
        yield

    monkeypatch.setattr(PlainRuns, "send_bundle", breaks)
    numbers = line.put(3)

    line.run()

    assert [line.record(number).reason or line.record(number).status.word for number in numbers] == ["error", "backoff", "queued"]


def test_a_driver_that_does_nothing_does_not_go_round_in_circles(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainRuns, "send_bundle", lambda self, shipments: iter(()))
    numbers = line.put(3)

    line.run()

    assert [line.record(number).reason for number in numbers] == ["backoff", "queued", "queued"]


def test_what_a_driver_tells_twice_counts_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = PlainRuns.send_bundle

    def twice(self: PlainRuns, shipments: Shipments) -> Iterator[Told]:
        for shipment, result in kept(self, shipments):
            yield shipment, result
            yield shipment, Permanent("no, it failed")

    monkeypatch.setattr(PlainRuns, "send_bundle", twice)
    numbers = line.put(3)

    outcomes = line.run()

    assert line.words(*numbers) == ["completed"] * 3
    assert len(outcomes) == 3


def test_one_that_another_process_took_does_not_keep_the_others(line: Line) -> None:
    numbers = line.put(3)
    (ticket,) = line.process.conductor.step([Queued()], line.clock.now).starts
    taken = line.record(numbers[1])
    line.store.commit([[Update(taken.number, taken.version, {"owner": "another", "epoch": taken.epoch + 1})]], synced=True)

    outcomes = list(line.process.attempts.run(ticket))

    assert {outcome.number: outcome.taken for outcome in outcomes} == {numbers[0]: True, numbers[1]: False, numbers[2]: True}
    assert [line.record(number).owner for number in numbers] == [None, "another", None]


def test_one_whose_source_is_gone_does_not_keep_the_others(line: Line) -> None:
    numbers = line.put(3)
    found = line.record(numbers[1])
    spec = replace(found.spec, source=replace(found.spec.source, path="/nowhere/at/all"))
    line.store.commit([[Update(found.number, found.version, {"spec": spec})]], synced=True)

    line.run()

    assert line.words(*numbers) == ["completed", "error", "completed"]


def test_a_host_carries_small_ones_together_over_a_journal_on_disk(tmp_path: Path) -> None:
    runs: list[int] = []

    class Counting(PlainRuns):
        def send_bundle(self, shipments: Shipments) -> Iterator[Told]:
            runs.append(len(shipments))
            return super().send_bundle(shipments)

    with Owned(tmp_path, start=False) as owned:
        owned._own[("transports", "plain")] = (Counting, owned._own[("transports", "plain")][1])
        owned.open()
        source = owned.file(content=b"y" * 120)
        made = owned.create(*(Request(source=str(source), destination=f"plain://10.0.0.1/t{number}") for number in range(100)))
        for one in made:
            assert isinstance(one, Created)
            owned.done(one.id)

    assert max(runs) > 1 and len(owned.server.things) == 100
