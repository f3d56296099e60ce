"""Small uploads go together: each of them has an end of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from sendoff.errors import HostKeyUnknown, Interrupted, Permanent, SendoffError, Transient, Unreachable
from sendoff.model.change import Update
from sendoff.model.configuration import Configuration
from sendoff.model.operation import Record, Request
from sendoff.model.query import Created, Order, Query, Selection
from sendoff.ports.transport import Shipments
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.signals import Ended, Queued
from sendoff.runtime.ticket import Outcome
from sendoff.testing.memory_runs import PlainRuns, Told
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.core.owned import Owned
from tests.simulation.process import Process, VirtualClock


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

    assert [line.record(number).reason or line.record(number).status.word for number in numbers] == ["backoff", "backoff", "queued"]


def test_alone_it_is_told_its_own_fault(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: PlainRuns, shipments: Shipments) -> Iterator[Told]:
        for shipment in list(shipments)[:-1]:
            yield shipment, Interrupted()
        raise KeyError("a stranger's mistake")

    monkeypatch.setattr(PlainRuns, "send_bundle", breaks)
    numbers = line.put(3)

    line.run()

    assert line.words(*numbers)[2] == "error"


def test_what_was_settled_is_told_on_while_the_run_waits(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = PlainRuns.send_bundle

    def waits(self: PlainRuns, shipments: Shipments) -> Iterator[Told | None]:
        for told in carried(self, shipments):
            yield told
            yield None

    monkeypatch.setattr(PlainRuns, "send_bundle", waits)
    numbers = line.put(3)
    (ticket,) = line.process.conductor.step([Queued()], line.clock.now).starts
    outcomes = line.process.attempts.run(ticket)

    assert next(outcomes).number in numbers
    assert sorted(line.words(*numbers)) == ["completed", "running", "running"]


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
