"""One try now, whatever network, power or back-off say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sendoff.errors import Transient
from sendoff.model.conditions import Conditions
from sendoff.model.lane import Lane
from sendoff.model.operation import Record, Tally
from sendoff.model.status import CostPolicy, TransferStatus, Want
from sendoff.policy import lifecycle
from sendoff.policy.order import ordered
from sendoff.runtime.signals import Changed, Ended, Queued
from sendoff.runtime.ticket import Outcome

from tests.core.owned import QUICK, Owned, eventually
from tests.core.records import NOW, record, setting, tried, waiting
from tests.core.test_conductor import Stand

S = TransferStatus
NO_WAY_OUT = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
FAR = "plain://far.example/a"


def now(found: Record) -> Record:
    decision = ordered("resume", found, NOW, NOW, at_once=True)
    assert decision is not None
    return decision.applied(found)


@pytest.mark.parametrize("status", [S.IDLE, S.RUNNING, S.PAUSED_NO_NETWORK, S.PAUSED_COSTED_NETWORK, S.PAUSED_SYSTEM_POLICY, S.PAUSED_BY_APPLICATION])
def test_whatever_it_waits_for_it_is_due_in_a_line_that_no_gate_closes(status: TransferStatus) -> None:
    wanted = now(waiting(status, due=NOW + 99, group="g"))

    assert (wanted.due, wanted.want, Lane(key=wanted.lane, since=0).at_once) == (NOW, Want.NOW, True)
    assert Lane(key=wanted.lane, since=0).place == "h"


def test_what_was_never_started_and_what_runs_are_left_alone() -> None:
    assert ordered("resume", waiting(S.IDLE, due=None), NOW, NOW, at_once=True) is None
    assert ordered("resume", record(), NOW, NOW, at_once=True) is None


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_another_order_takes_it_back(verb: str) -> None:
    wanted = now(waiting(S.PAUSED_NO_NETWORK, due=NOW))
    decision = ordered(verb, wanted, NOW, NOW)

    assert decision is not None
    assert (decision.applied(wanted).want, decision.applied(wanted).lane) == (None, "1|0|0||h")


def test_after_one_try_the_ordinary_rules_hold_again() -> None:
    wanted = now(waiting(S.PAUSED_COSTED_NETWORK, due=NOW, tally=Tally(confirmed=5, best=5)))
    claimed = lifecycle.claimed(wanted, "me", NOW).applied(wanted)
    settled = lifecycle.failed(claimed, Transient("it broke"), tried(), None, setting()).applied(claimed)

    assert (claimed.lane, claimed.want) == ("1|0|0||h", Want.NOW)
    assert (settled.want, settled.reason, Lane(key=settled.lane, since=0).at_once) == (None, "backoff", False)


def order_now(stand: Stand, number: int) -> None:
    """What the order does, without the desk."""
    ledger = stand.conductor._ledger
    found = ledger.read(number)
    assert found is not None
    ledger.enter_latest(found, lambda newest: ordered("resume", newest, stand.now, stand.now, at_once=True))


def test_one_passes_the_closed_gate_and_the_others_wait_on() -> None:
    stand = Stand()
    stand.put("a", 3, cost=CostPolicy.UNRESTRICTED_ONLY)
    assert not stand.step(Changed(Conditions(metered=True, power=False))).starts

    order_now(stand, 3)

    assert [ticket.record.number for ticket in stand.step(Queued()).starts] == [3]


def test_a_network_that_changes_meanwhile_does_not_stop_it() -> None:
    stand = Stand()
    stand.put("a", 2)
    order_now(stand, 2)
    (ticket,) = stand.step().starts
    assert ticket.record.number == 2
    ordinary = stand.step(Ended(Outcome(2, answered=True))).starts

    stops = stand.step(Changed(Conditions(online=False))).stops

    assert [number for number, _ in stops] == [ticket.record.number for ticket in ordinary if not Lane(key=ticket.record.lane, since=0).at_once]


def test_it_passes_the_pause_of_a_destination_that_could_not_be_reached() -> None:
    stand = Stand(first_pause=60.0)
    stand.put("a", 2)
    (ticket,) = stand.step().starts
    assert not stand.step(Ended(Outcome(ticket.record.number, unreachable=True))).starts

    order_now(stand, 2)

    assert [one.record.number for one in stand.step(Queued()).starts] == [2]


@pytest.fixture
def offline(tmp_path: Path) -> Any:
    """An owner whose routing tables lead nowhere."""
    tables = tmp_path / "net"
    tables.mkdir()
    (tables / "route").write_text(NO_WAY_OUT)
    with Owned(tmp_path, config=f'{QUICK}[network]\nuse = "routes"\nproc = "{tables}"\n') as owned:
        yield owned


def test_an_upload_that_waits_for_the_network_is_sent_at_once(offline: Owned) -> None:
    source = offline.file()
    ids = [offline.put(source, f"{FAR}{number}") for number in range(3)]
    offline.until(ids[0], "paused_no_network")

    applied = offline.order("resume", ids[2], now=True)

    assert applied.count == 1 and offline.done(ids[2])["want"] is None
    assert not offline.records()[0].status.terminal and not offline.records()[1].status.terminal
    assert offline.types(ids[2])[-2:] == ["resumed", "completed"]


def test_a_try_at_once_that_fails_waits_for_the_network_again(offline: Owned) -> None:
    offline.server.point = breaking
    id = offline.put(offline.file(), FAR)
    offline.until(id, "paused_no_network")

    offline.order("resume", id, now=True)

    eventually(lambda: offline.record(id).tally.attempts == 1 and offline.record(id).status is S.PAUSED_NO_NETWORK, "it waits again")
    after = offline.record(id)
    assert (after.tally.attempts, after.want, Lane(key=after.lane, since=0).at_once) == (1, None, False)


def test_it_is_still_wanted_when_another_host_takes_over_before_there_was_a_slot(tmp_path: Path) -> None:
    tables = tmp_path / "net"
    tables.mkdir()
    (tables / "route").write_text(NO_WAY_OUT)
    config = f'{QUICK}[network]\nuse = "routes"\nproc = "{tables}"\n'
    with Owned(tmp_path, config=config) as owned:
        id = owned.put(owned.file(), FAR)
        owned.until(id, "paused_no_network")
        owned.owner._engine.close(2)
        owned.order("resume", id, now=True)
        owned.reopen()

        assert owned.done(id)["progress"]["attempt"] == 1


def breaking(name: str, _operation: str) -> None:
    if name != "connect":
        raise Transient(f"broken at {name}")
