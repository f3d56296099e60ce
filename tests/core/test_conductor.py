"""Who starts, who stops: steps of the conductor over a store in memory, without threads."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from sendoff.model.change import Insert, Update
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.lane import lane_key
from sendoff.model.limits import Limits, RetryRules
from sendoff.model.moment import moment
from sendoff.model.operation import Record, Tally
from sendoff.model.query import Query
from sendoff.model.status import CostPolicy, TransferPriority, TransferStatus
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.journal import Journal
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.signals import Amended, Changed, Ended, Leave, Orders, Queued, Reached, Slept, Stop
from sendoff.runtime.ticket import Outcome, Ticket
from sendoff.testing.memory_store import MemoryStore

from tests.core.records import NOW, waiting
from tests.simulation.process import Hearing, VirtualClock

HIGH, DEFAULT, LOW = TransferPriority.HIGH, TransferPriority.DEFAULT, TransferPriority.LOW


class Stand:
    """A conductor on a stand: operations are put in, tickets come out."""

    def __init__(
        self, *, concurrency: int = 16, per_destination: int = 4, carrier: Callable[[Record], Hashable | None] = lambda _: None,
        near: Callable[[str], bool] = lambda _: False, fed: Callable[[str | None], int | None] = lambda _: None,
        turn: Callable[[], int | None] = lambda: None, **rules: Any,
    ) -> None:  # fmt: skip
        self.store, self.now = MemoryStore(), NOW
        ledger = Ledger(Journal(self.store), VirtualClock(), Announcer(Hearing()))
        configuration = Configuration(limits=Limits(concurrency=concurrency, per_destination=per_destination), retry=RetryRules(**rules))
        self.conductor = Conductor(
            ledger, configuration=lambda: configuration, random=Random(1), carrier=carrier, near=near, fed=fed, turn=turn,
        )  # fmt: skip

    def put(self, place: str, count: int = 1, *, priority: TransferPriority = DEFAULT, group: str | None = None, **fields: Any) -> None:
        """Queue operations for a place."""
        cost: CostPolicy = fields.pop("cost", CostPolicy.DEFAULT)
        key = lane_key(place=place, group=group, priority=priority, cost_policy=cost, local=fields.pop("local", False))
        have = len(self.store.find(Query(), limit=10**6).items)
        due = self.now + moment(fields.pop("due_in", 0.0))
        fields = {"status": TransferStatus.IDLE, "reason": "queued", **fields}
        basis = waiting(fields.pop("status"), method="POST", due=due, lane=key, **fields)
        basis = replace(basis, spec=replace(basis.spec, cost_policy=cost))
        self.store.commit([[Insert(replace(basis, id=f"{place}-{have + one}", number=0))] for one in range(count)], synced=True)

    def step(self, *signals: Any) -> Orders:
        return self.conductor.step(signals or (Queued(),), self.now)

    def started(self, *signals: Any) -> list[str]:
        """The places of those who were given a slot."""
        return [_place(ticket) for ticket in self.step(*signals).starts]

    def reach(self, orders: Orders) -> Orders:
        """Everybody who was started reads a byte."""
        return self.step(*(Reached(ticket.record.number) for ticket in orders.starts))


def _place(ticket: Ticket) -> str:
    return ticket.record.lane.split("|")[4]


def test_a_destination_not_yet_reached_gets_one_slot_and_then_its_share() -> None:
    stand = Stand()
    stand.put("a", 10)

    first = stand.step()

    assert len(first.starts) == 1
    assert len(stand.reach(first).starts) == 3


def test_a_black_hole_holds_one_slot_and_the_others_start_at_once() -> None:
    stand = Stand(concurrency=4)
    stand.put("black-hole", 100)
    stand.put("b", 5)
    stand.put("c", 5)

    assert sorted(stand.started()) == ["b", "black-hole", "c"]


def test_one_asks_for_all_that_wait_for_an_unreachable_destination() -> None:
    stand = Stand(first_pause=2.0)
    stand.put("a", 50)
    (ticket,) = stand.step().starts

    orders = stand.step(Ended(Outcome(ticket.record.number, unreachable=True)))

    assert not orders.starts and orders.wake is not None and orders.wake > stand.now and stand.conductor.down_since("a") == stand.now
    stand.now = orders.wake
    assert len(stand.step().starts) == 1


def test_an_answer_opens_a_destination_again() -> None:
    stand = Stand()
    stand.put("a", 50)
    (ticket,) = stand.step().starts
    wake = stand.step(Ended(Outcome(ticket.record.number, unreachable=True))).wake
    assert wake is not None
    stand.now = wake

    orders = stand.step()

    assert len(stand.reach(orders).starts) == 3 and stand.conductor.down_since("a") is None


def test_no_more_run_than_the_limit() -> None:
    stand = Stand(concurrency=3)
    for place in "abcdefgh":
        stand.put(place, 2)

    assert len(stand.step().starts) == 3 and not stand.step().starts


def test_high_goes_before_default_before_low() -> None:
    stand = Stand(concurrency=3)
    stand.put("a", priority=LOW)
    stand.put("b")
    stand.put("c", priority=HIGH)

    assert stand.started() == ["c", "b", "a"]


def test_lanes_of_one_priority_take_turns() -> None:
    stand = Stand(concurrency=1, per_destination=1)
    stand.put("a", 4)
    stand.put("b", 4)
    order: list[str] = []
    orders = stand.step()
    for _ in range(6):
        (ticket,) = orders.starts
        order.append(_place(ticket))
        orders = finish(stand, ticket)

    assert order == ["a", "b", "a", "b", "a", "b"]


def finish(stand: Stand, ticket: Ticket) -> Orders:
    """It is done and leaves the line."""
    done = stand.store.find(Query(numbers=(ticket.record.number,))).items[0]
    stand.store.commit([[Update(done.number, done.version, {"due": None, "open": False, "status": TransferStatus.COMPLETED})]], synced=True)
    return stand.step(Ended(Outcome(ticket.record.number, answered=True)))


def test_each_eighth_slot_goes_to_whoever_waited_longest() -> None:
    stand = Stand(concurrency=1, per_destination=1)
    stand.put("old", priority=LOW, created_at=NOW)
    stand.now += 10
    stand.put("new", 20, priority=HIGH)
    order: list[str] = []
    orders = stand.step()
    for _ in range(9):
        (ticket,) = orders.starts
        order.append(_place(ticket))
        orders = finish(stand, ticket)

    assert order.index("old") == 7


def test_what_was_given_a_ticket_is_not_given_another() -> None:
    stand = Stand()
    stand.put("a", 2)
    first = stand.step()

    again = [ticket.record.number for ticket in (*stand.reach(first).starts, *stand.step().starts)]

    assert first.starts[0].record.number not in again and len(again) == 1


def test_without_a_network_nothing_starts_and_the_first_say_why() -> None:
    stand = Stand(concurrency=2)
    stand.put("a", 5)

    assert not stand.step(Changed(Conditions(online=False))).starts

    held = [record for record in stand.store.find(Query()).items if record.status is TransferStatus.PAUSED_NO_NETWORK]
    assert held and all(record.due is not None and record.reason == "offline" for record in held)
    orders = stand.step(Changed(Conditions(online=True)))
    assert not orders.starts and orders.wake is not None and stand.now < orders.wake < stand.now + moment(5.0), "not all machines at the same moment"
    stand.now = orders.wake
    assert len(stand.step().starts) == 1


def test_what_arrives_far_away_shows_that_there_is_a_network_until_another_try_breaks() -> None:
    stand = Stand()
    stand.put("a", 3)
    (ticket,) = stand.step().starts
    stand.step(Changed(Conditions(online=False)))

    (second,) = stand.step(Ended(Outcome(ticket.record.number, answered=True, delivered=True))).starts[:1]
    assert stand.step(Changed(Conditions(online=False))).stops == (), "the same word says nothing new"
    stops = stand.step(Changed(Conditions(online=False), sure=True)).stops

    assert (second.record.number, "offline") in stops


def test_a_name_that_leads_to_a_private_network_needs_no_way_out() -> None:
    stand = Stand(near=lambda place: place == "nas")
    for place in ("nas", "far"):
        stand.put(place)

    assert stand.started(Changed(Conditions(portal=True))) == [], "a login page answers to every name"
    assert stand.started(Changed(Conditions(online=False))) == ["nas"]


@pytest.mark.fault(24)
def test_when_the_machine_has_slept_all_connections_are_presumed_dead_and_begun_anew_a_little_later() -> None:
    stand = Stand()
    stand.put("far", 2)
    stand.put("127.0.0.1", local=True)
    under_way = {ticket.record.number for ticket in stand.step().starts}

    orders = stand.step(Slept())

    assert {number for number, _ in orders.stops} == under_way
    stand.put("127.0.0.2", local=True)
    assert stand.started() == ["127.0.0.2"], "a network of its own has no need to come back"
    orders = stand.step(*(Ended(Outcome(number)) for number in under_way))
    assert not any(_place(ticket) == "far" for ticket in orders.starts)
    assert orders.wake is not None and stand.now + moment(5.0) <= orders.wake <= stand.now + moment(10.0)


def test_who_waits_to_ask_again_for_what_was_unreachable_asks_at_once_on_another_network() -> None:
    stand = Stand()
    stand.put("a", due_in=600.0, status=TransferStatus.RUNNING, reason="unreachable", tally=Tally(requests=1, pause=600))
    assert not stand.step().starts

    (ticket,) = stand.step(Changed(Conditions(online=True, name="another"))).starts

    assert ticket.record.tally.pause == 0, "what it did not wait costs no patience"


def test_a_local_destination_needs_no_network() -> None:
    stand = Stand()
    stand.put("127.0.0.1", local=True)

    assert stand.started(Changed(Conditions(online=False))) == ["127.0.0.1"]


@pytest.mark.fault(63)
def test_a_costly_network_stops_what_may_not_use_it_and_lets_the_others_run() -> None:
    stand = Stand()
    stand.put("a", cost=CostPolicy.UNRESTRICTED_ONLY)
    stand.put("b", cost=CostPolicy.ALWAYS)
    tickets = {_place(ticket): ticket.record.number for ticket in stand.step().starts}

    orders = stand.step(Changed(Conditions(metered=True)))

    assert orders.stops == ((tickets["a"], "metered"),)


def test_what_runs_is_held_to_another_cost_policy_at_once_and_at_the_next_change() -> None:
    stand = Stand()
    stand.put("a")
    stand.put("b", cost=CostPolicy.UNRESTRICTED_ONLY)
    tickets = {_place(ticket): ticket.record for ticket in stand.step().starts}
    a, b = tickets["a"], tickets["b"]

    assert stand.step(Amended(amended(b, CostPolicy.ALWAYS))).stops == ()
    assert stand.step(Changed(Conditions(metered=True))).stops == ()
    assert stand.step(Amended(amended(a, CostPolicy.UNRESTRICTED_ONLY))).stops == ((a.number, "metered"),)
    assert stand.step(Amended(a)).stops == ((a.number, "metered"),), "what was told too late changes nothing"
    assert stand.step(Amended(replace(a, number=4711))).stops == ()


def amended(record: Record, cost: CostPolicy) -> Record:
    return replace(record, version=record.version + 1, spec=replace(record.spec, cost_policy=cost))


def test_an_order_stops_its_try_only() -> None:
    stand = Stand()
    stand.put("a")
    stand.put("b")
    tickets = stand.step().starts

    assert stand.step(Stop(tickets[0].record.number, "ordered: pause")).stops == ((tickets[0].record.number, "ordered: pause"),)
    assert stand.step(Stop(4711, "ordered: pause")).stops == ()


def test_who_leaves_starts_nothing_and_stops_what_runs() -> None:
    stand = Stand()
    stand.put("a")
    (ticket,) = stand.step().starts
    stand.put("b")

    orders = stand.step(Leave())

    assert not orders.starts and [number for number, _ in orders.stops] == [ticket.record.number]


def test_a_ticket_without_a_thread_gives_its_slot_back() -> None:
    stand = Stand(concurrency=1)
    stand.put("a", 2)
    (ticket,) = stand.step().starts

    stand.conductor.not_started(ticket)

    assert [again.record.number for again in stand.step().starts] == [ticket.record.number]


def test_nothing_to_do_needs_no_wake() -> None:
    assert Stand().step() == Orders()


@pytest.mark.parametrize("waits", [1, 60])
def test_it_wakes_when_the_next_becomes_due(waits: int) -> None:
    stand = Stand()
    stand.now += waits * 1_000_000
    stand.put("a")
    due, stand.now = stand.now, NOW

    assert stand.step().wake == due


def test_who_waits_behind_a_target_does_not_start() -> None:
    stand = Stand()
    stand.put("a", 2, target="t", holds_target=True)
    first = stand.step()

    assert len(first.starts) == 1 and not stand.reach(first).starts


def test_records_keep_their_place_in_line() -> None:
    stand = Stand(concurrency=2, per_destination=2)
    stand.put("a", 5)
    first: list[Record] = [ticket.record for ticket in stand.step().starts]

    assert [record.number for record in first] == [1]


def asks(stand: Stand, ticket: Ticket, **fields: Any) -> Orders:
    """A try ends: only a person can help, and all that go there."""
    words = {"status": TransferStatus.PAUSED_RECOVERABLE, "reason": "host_key_unknown", "due": None, **fields}
    stand.store.commit([[Update(ticket.record.number, ticket.record.version, words)]], synced=True)
    return stand.step(Ended(Outcome(ticket.record.number, asks=True)))


def test_one_asks_a_person_for_all_that_go_to_a_destination_and_no_other_tries() -> None:
    stand = Stand()
    stand.put("a", 50)
    stand.put("b", 1)
    ticket, _ = sorted(stand.step().starts, key=_place)

    assert asks(stand, ticket).starts == ()
    assert stand.conductor.asks("a") == ticket.record.number


def test_the_others_go_on_once_a_person_has_helped() -> None:
    stand = Stand()
    stand.put("a", 50)
    (ticket,) = stand.step().starts
    asks(stand, ticket)
    stand.store.commit(
        [[Update(ticket.record.number, ticket.record.version + 1, {"status": TransferStatus.IDLE, "reason": "queued", "due": stand.now})]], synced=True
    )

    assert len(stand.step().starts) == 1
    assert stand.conductor.asks("a") is None


def test_the_next_host_knows_where_a_person_was_asked_and_tries_nothing_there() -> None:
    stand = Stand()
    stand.put("a", 50)
    (ticket,) = stand.step().starts
    asks(stand, ticket)
    ledger = Ledger(Journal(stand.store), VirtualClock(), Announcer(Hearing()))

    after = Conductor(ledger, configuration=Configuration, random=Random(1))

    assert after.step((Queued(),), stand.now).starts == ()


def test_the_priority_of_what_runs_is_the_one_it_was_set_to_last() -> None:
    stand = Stand()
    stand.put("a")
    (ticket,) = stand.step().starts

    stand.step(Amended(replace(ticket.record, priority=HIGH, version=ticket.record.version + 1)))

    assert stand.conductor.priority_of(ticket.record) is HIGH
