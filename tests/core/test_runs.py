"""Small uploads go together: who goes with whom."""

from __future__ import annotations

from typing import Any

import pytest
from sendoff.model.change import Update
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.limits import Limits
from sendoff.model.operation import Record, Tally
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus
from sendoff.policy.schedule import MOST_BYTES, MOST_TOGETHER, SMALL
from sendoff.runtime.signals import Changed, Ended, Reached, Stop
from sendoff.runtime.ticket import Outcome, Ticket

from tests.core.test_conductor import Stand


class Fresh(Stand):
    """What is put in was never tried."""

    def put(self, place: str, count: int = 1, **fields: Any) -> None:
        super().put(place, count, **{"tally": Tally(), **fields})


def together(**more: Any) -> Stand:
    """A conductor that may send everything of one address in one run."""
    return Fresh(carrier=lambda record: record.spec.url, **more)


def sizes(ticket: Ticket) -> list[int]:
    return [record.spec.source.size for record in ticket.records]


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


def test_the_first_of_a_run_may_come_again_while_the_others_are_under_way_and_no_slot_is_lost() -> None:
    stand = together()
    stand.put("a", 4)
    (run,) = stand.step().starts
    first, *others = [record.number for record in run.records]
    stand.step(Reached(others[0]))

    (again,) = stand.step(Ended(Outcome(first, taken=False))).starts
    assert [record.number for record in again.records] == [first]
    for number in (*others, first):
        record = stand.store.find(Query(numbers=(number,)), limit=1).items[0]
        stand.store.commit([[Update(number, record.version, {"due": None})]], synced=True)
    stand.step(*(Ended(Outcome(number, answered=True)) for number in (*others, first)))
    stand.step(Ended(Outcome(first, unreachable=True)))

    stand.put("a", 100, size=SMALL + 1)
    assert len(stand.step().starts) == 4


def test_without_a_network_no_more_are_held_than_could_have_started() -> None:
    stand = together()
    stand.put("a", 100)

    stand.step(Changed(Conditions(online=False)))

    assert sum(record.reason == "offline" for record in stand.store.find(Query(), limit=1000).items) == 1
