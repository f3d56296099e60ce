"""What becomes of an upload with its program, by the literal rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sendoff.errors import Interrupted, Rejected
from sendoff.model.operation import Record, Tally
from sendoff.model.status import TransferStatus, Want
from sendoff.policy.lifecycle import failed, orphaned
from sendoff.policy.order import ordered
from sendoff.policy.parting import attached, parted

from tests.core.records import NOW, record, setting, tried, waiting

IDLE, RUNNING, PAUSED, NO_NETWORK = TransferStatus.IDLE, TransferStatus.RUNNING, TransferStatus.PAUSED_BY_APPLICATION, TransferStatus.PAUSED_NO_NETWORK
RECOVERABLE, COMPLETED, CANCELED = TransferStatus.PAUSED_RECOVERABLE, TransferStatus.COMPLETED, TransferStatus.CANCELED
MINE, GONE, OVER = "its-program", "client_gone", "interrupted_non_idempotent"


def of(status: TransferStatus, method: str | None, **fields: Any) -> Record:
    return waiting(status, method=method, spec={"client": MINE}, **fields)


def running(method: str | None, **fields: Any) -> Record:
    return record(method=method, spec={"client": MINE}, **fields)


def left(one: Record) -> Record:
    decision = parted(one, NOW)
    return one if decision is None else decision.applied(one)


@pytest.mark.parity("F165")
@pytest.mark.parametrize(
    ("one", "status", "reason", "want"),
    [
        (of(IDLE, "PUT", due=NOW), PAUSED, GONE, None),
        (of(IDLE, None, due=NOW), PAUSED, GONE, None),
        (of(IDLE, "PUT"), IDLE, None, None),
        (of(IDLE, "POST"), IDLE, None, None),
        (of(IDLE, "POST", due=NOW), CANCELED, OVER, None),
        (of(RUNNING, "PUT", due=NOW, reason="backoff"), PAUSED, GONE, None),
        (of(RUNNING, "POST", due=NOW, reason="backoff"), CANCELED, OVER, None),
        (of(NO_NETWORK, "PUT", due=NOW, reason="offline"), PAUSED, GONE, None),
        (of(RECOVERABLE, "PUT", reason="consent", needs={"what": "consent", "command": ""}), PAUSED, GONE, None),
        (of(RECOVERABLE, "PATCH", reason="consent"), CANCELED, OVER, None),
        (of(PAUSED, "PUT"), PAUSED, None, None),
        (of(PAUSED, "POST"), CANCELED, OVER, None),
        (of(COMPLETED, "PUT", open=False), COMPLETED, None, None),
        (of(CANCELED, "POST", open=False), CANCELED, None, None),
        (running("PUT"), RUNNING, None, Want.LEFT),
        (running("POST", point=True), RUNNING, None, Want.LEFT),
        (running("PUT", want=Want.CANCEL), RUNNING, None, Want.CANCEL),
        (running("PUT", want=Want.PAUSE), RUNNING, None, Want.PAUSE),
    ],
)
def test_with_its_program_it_waits_or_has_ended(one, status, reason, want):
    after = left(one)

    assert (after.status, after.reason, after.want) == (status, reason, want)
    assert after.spec.client is None or after.status.terminal
    assert after.due is None or status is RUNNING
    assert left(after) == after or want == Want.LEFT, "it is left once"


@pytest.mark.parity("F165", "F168")
@pytest.mark.parametrize(("method", "status", "reason"), [("PUT", PAUSED, GONE), (None, PAUSED, GONE), ("POST", CANCELED, OVER), ("FOO", CANCELED, OVER)])
def test_a_try_that_was_under_way_is_left_when_it_was_broken_off_or_its_process_died(method, status, reason):
    one = left(running(method))

    broken, dead = failed(one, Interrupted(), tried(sent=100), None, setting()).applied(one), orphaned(one, setting()).applied(one)

    for after in (broken, dead):
        assert (after.status, after.reason, after.want, after.owner, after.due) == (status, reason, None, None, None)


def test_what_might_be_repeated_because_somebody_said_so_is_still_a_post():
    one = replace(running("POST"), spec=replace(running("POST").spec, retry_unsafe=True))

    assert failed(left(one), Interrupted(), tried(), None, setting()).applied(one).status is CANCELED


@pytest.mark.parity("F167")
def test_listed_it_begins_anew_at_the_first_byte_and_goes_by_the_life_of_who_listed_it():
    one = left(of(RUNNING, "PUT", due=NOW, tally=Tally(attempts=3, requests=3, confirmed=500, best=500)))
    decision = attached(one, "another", NOW)
    after = decision.applied(one)

    assert (after.status, after.due, after.spec.client, decision.abandon) == (IDLE, NOW, "another", True)
    assert (after.tally.restarted, after.tally.confirmed, after.tally.requests, after.holds_target) == (True, 0, 0, True)
    assert attached(after, "another", NOW) is None, "listing it again changes nothing"


@pytest.mark.parity("F167", "F168")
@pytest.mark.parametrize("one", [running("PUT"), running("POST", want=Want.LEFT), of(IDLE, "PUT"), of(PAUSED, "PUT"), of(COMPLETED, "PUT", open=False)])
def test_listing_does_nothing_to_whatever_no_program_had_left(one):
    assert attached(one, "another", NOW) is None


def test_what_is_being_broken_off_begins_anew_when_it_was():
    one = left(running("PUT"))
    listed = attached(one, "another", NOW).applied(one)
    after = failed(listed, Interrupted(), tried(sent=100), None, setting()).applied(listed)

    assert (after.status, after.due, after.spec.client, after.tally.restarted) == (IDLE, NOW, "another", True)


def test_resumed_it_goes_on_though_its_program_is_gone():
    waits, runs, post = left(of(RUNNING, "PUT", due=NOW)), left(running("PUT")), left(running("POST"))

    assert ordered("resume", waits, NOW, NOW).applied(waits).status is IDLE
    assert ordered("resume", runs, NOW, NOW).applied(runs).want is None
    assert ordered("resume", post, NOW, NOW) is None


def test_a_try_that_ends_by_itself_meanwhile_is_left_all_the_same():
    one = left(running("PUT"))

    assert failed(one, Rejected("no"), tried(), None, setting()).applied(one).status is PAUSED
