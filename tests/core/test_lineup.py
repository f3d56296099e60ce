"""Very many lanes: what a step looks at is bounded, and nobody is overlooked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from sendoff.model.change import Insert, Update
from sendoff.model.configuration import Configuration
from sendoff.model.lane import Lane, lane_key
from sendoff.model.limits import Limits
from sendoff.model.moment import Moment
from sendoff.model.query import Page, Query
from sendoff.model.status import CostPolicy, TransferBehavior, TransferPriority, TransferStatus
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.groups import Groups
from sendoff.runtime.journal import Journal
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.lineup import Lineup
from sendoff.runtime.signals import Ended, Orders, Queued, Reached
from sendoff.runtime.ticket import Outcome, Ticket
from sendoff.testing.memory_store import MemoryStore

from tests.core.records import NOW, waiting
from tests.simulation.process import Hearing, VirtualClock

GROUPS = 2000
SECOND = 1_000_000


class CountingStore(MemoryStore):
    """Counts the lanes that it tells of."""

    told = 0

    def lanes(self, now: Moment, *, after: str | None = None, limit: int = 1000) -> Page[Lane]:
        page = super().lanes(now, after=after, limit=limit)
        self.told += len(page.items)
        return page


class Ground:
    """A conductor, and operations of many groups: each is done a moment after it was started."""

    def __init__(self, *, concurrency: int = 16) -> None:
        self.store, self.now, self.put = CountingStore(), NOW, 0
        journal = Journal(self.store)
        configuration = Configuration(limits=Limits(concurrency=concurrency))
        self.groups = Groups(journal)
        ledger = Ledger(journal, VirtualClock(), Announcer(Hearing()))
        self.conductor = Conductor(ledger, configuration=lambda: configuration, random=Random(1), groups=self.groups)
        self.started: list[str] = []

    def create(self, group: str | None, place: str = "a", *, priority: TransferPriority = TransferPriority.DEFAULT) -> str:
        """Queue one; its lane."""
        lane = lane_key(place=place, group=group, priority=priority, cost_policy=CostPolicy.DEFAULT, local=True)
        self.put += 1
        record = waiting(TransferStatus.IDLE, due=self.now, lane=lane, reason="queued", target=None)
        record = replace(record, id=f"{self.put}", number=0, group=group, priority=priority)
        self.store.commit([[Insert(record)]], synced=True)
        return lane

    def step(self, *signals: Queued | Reached | Ended) -> Orders:
        orders = self.conductor.step(signals or (Queued(),), self.now)
        self.started += [ticket.record.lane for ticket in orders.starts]
        return orders

    def run(self, steps: int) -> None:
        """Each step ends one that runs, a millisecond later."""
        running: list[Ticket] = []
        for _ in range(steps):
            signals = [Queued()] if not running else [self.end(running.pop(0))]
            running += self.step(*signals).starts
            self.now += 1000

    def end(self, ticket: Ticket) -> Ended:
        (record,) = self.store.find(Query(numbers=(ticket.record.number,))).items
        self.store.commit([[Update(record.number, record.version, {"due": None, "open": False, "status": TransferStatus.COMPLETED})]], synced=True)
        return Ended(Outcome(record.number, answered=True))


@pytest.mark.parity("F70")
def test_with_thousands_of_groups_a_step_does_not_look_at_all_of_them() -> None:
    ground = Ground()
    for number in range(GROUPS):
        ground.create(f"{number}")

    ground.run(300)

    assert len(set(ground.started)) == len(ground.started) >= 300
    assert ground.store.told < 3 * GROUPS, "the lanes were read again and again"


def test_what_is_queued_among_thousands_of_groups_starts_at_once() -> None:
    ground = Ground()
    for number in range(1000):
        ground.create(f"{number}", "down")
    (ticket,) = ground.step().starts

    lane = ground.create("late", "b")
    ground.now += 1

    assert ground.step(Queued(lanes=(lane,))).starts[0].record.lane == lane
    assert ticket.record.lane != lane


def test_a_look_that_was_put_off_is_made_up_for() -> None:
    ground = Ground()
    for number in range(1000):
        ground.create(f"{number}", "down")
    ground.step()
    lane = ground.create("late", "b")
    ground.now += 1

    orders = ground.step(Queued())
    assert not orders.starts and orders.wake is not None and orders.wake <= ground.now + SECOND

    ground.now = orders.wake
    assert [ticket.record.lane for ticket in ground.step().starts] == [lane]


def test_with_no_slot_to_give_nobody_is_woken_for_a_look() -> None:
    ground = Ground(concurrency=2)
    for number in range(1000):
        ground.create(f"{number}", f"{number % 2}")
    (first, _) = ground.step().starts
    ground.now += 1
    assert len(ground.step(ground.end(first)).starts) == 1
    ground.now += SECOND

    wake = ground.step().wake

    assert wake is None or wake > ground.now


def test_all_of_thousands_come_to_their_turn_and_none_twice_before_the_others() -> None:
    ground = Ground(concurrency=4)
    for number in range(400):
        for _ in range(2):
            ground.create(f"{number}")

    ground.run(900)

    assert len(ground.started) == 800 and len(set(ground.started[:400])) >= 350  # each eighth slot is out of turn


@pytest.mark.parametrize("most", [3, 4, 7])
def test_of_more_lanes_than_are_known_at_once_all_come_to_their_turn(most: int) -> None:
    ground = Ground()
    keys = sorted([ground.create(f"{number}") for number in range(8)] + [ground.create(f"{number}", priority=TransferPriority.LOW) for number in range(2)])
    lineup, last, served = Lineup(ground.store, few=0, most=most), dict[int, str](), list[str]()

    for turn in range(30):
        lineup.look(ground.now + turn * SECOND, last)
        known = [lane.key for lane in lineup.lanes]
        assert known == sorted(set(known)) and len(known) <= most + 2
        seen = [key for key in known if key not in served]
        served += seen[:1]
        last |= {int(seen[0][0]): seen[0]} if seen else lineup.passed()

    assert sorted(served) == keys


# -- serialized groups ---------------------------------------------------------------------------------------------


def places(orders: Orders) -> Sequence[str]:
    return [ticket.record.lane.split("|")[4] for ticket in orders.starts]


@pytest.mark.parity("F71")
def test_a_serialized_group_has_one_under_way_over_all_its_lanes_in_the_order_in_which_they_came() -> None:
    ground = Ground()
    ground.groups.behave("g", TransferBehavior.SERIALIZED)
    for place in "cabcab":
        ground.create("g", place)
    ground.create(None, "z")
    order: list[str] = []
    orders = ground.step()
    while orders.starts:
        assert places(orders).count("z") + 1 == len(orders.starts), "two of the group at once"
        order += [place for place in places(orders) if place != "z"]
        orders = ground.step(*[ground.end(ticket) for ticket in orders.starts])

    assert "".join(order) == "cabcab"


def test_what_runs_of_a_group_that_becomes_serialized_goes_on_and_nothing_starts_beside_it() -> None:
    ground = Ground()
    for place in "abc":
        ground.create("g", place)
        ground.create("g", place)
    running = ground.step().starts
    assert len(running) == 3

    ground.groups.behave("g", TransferBehavior.SERIALIZED)
    first, second, third = running
    assert not ground.step(ground.end(first)).starts and not ground.step(ground.end(second)).starts
    assert len(ground.step(ground.end(third)).starts) == 1

    ground.groups.behave("g", TransferBehavior.PARALLEL)
    assert len(ground.step().starts) == 2


def test_a_behavior_is_found_by_the_next_process() -> None:
    ground = Ground()
    for name in ("one", "two", "three"):
        ground.groups.behave(name, TransferBehavior.SERIALIZED)
    ground.groups.behave("two", TransferBehavior.PARALLEL)

    after = Groups(Journal(ground.store))
    after.load()

    assert [after.serialized(name) for name in ("one", "two", "three", None)] == [True, False, True, False]
    assert [note.key for note in ground.store.notes("group").items] == ["one", "three"], "a parallel group leaves a row behind"
