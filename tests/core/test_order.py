"""What an order means for an operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.operation import Record, Tally
from sendoff.model.secret import STARS
from sendoff.model.status import TransferStatus, Want
from sendoff.policy.order import ordered

from tests.core.records import NOW, record, waiting

S = TransferStatus
OPEN_PAUSES = [S.PAUSED_BY_APPLICATION, S.PAUSED_RECOVERABLE, S.PAUSED_SYSTEM_POLICY]
TERMINAL = [S.COMPLETED, S.CANCELED, S.ERROR]


def ended(status: TransferStatus, **fields: Any) -> Record:
    return waiting(status, open=False, finished_at=NOW, **fields)


def after(verb: str, found: Record) -> Record:
    decision = ordered(verb, found, NOW, NOW)
    return found if decision is None else decision.applied(found)


def lines(verb: str, found: Record) -> list[str]:
    decision = ordered(verb, found, NOW, NOW)
    return [type_ for type_, _ in decision.lines] if decision else []


def test_start_makes_an_unstarted_operation_due() -> None:
    started = after("start", waiting(S.IDLE, due=None))

    assert (started.reason, started.due, started.holds_target) == ("queued", NOW, True)


def test_what_was_started_is_not_started_again() -> None:
    with pytest.raises(InvalidState):
        ordered("start", waiting(S.IDLE, due=NOW), NOW, NOW)


def test_pause_holds_what_waits_at_once() -> None:
    paused = after("pause", waiting(S.IDLE, due=NOW, holds_target=True))

    assert (paused.status, paused.due, paused.holds_target) == (S.PAUSED_BY_APPLICATION, None, False)


def test_pause_tells_a_running_try_durably() -> None:
    assert after("pause", record()).want == Want.PAUSE


def test_a_running_post_is_not_paused_and_a_waiting_one_is() -> None:
    with pytest.raises(InvalidState, match="cannot be repeated"):
        ordered("pause", record(method="POST"), NOW, NOW)
    assert after("pause", waiting(S.RUNNING, method="POST", reason="backoff", due=NOW)).status is S.PAUSED_BY_APPLICATION


@pytest.mark.parametrize("status", OPEN_PAUSES)
def test_resume_lets_it_go_on(status: TransferStatus) -> None:
    resumed = after("resume", waiting(status, tally=Tally(resent=9), needs={"what": "consent", "command": "x"}))

    assert (resumed.status, resumed.reason, resumed.due, resumed.needs, resumed.tally.resent) == (S.IDLE, "queued", NOW, None, 0)


def test_resume_takes_a_pause_back_that_was_not_yet_obeyed() -> None:
    assert after("resume", record(want=Want.PAUSE)).want is None


def test_resume_of_what_runs_changes_nothing() -> None:
    assert ordered("resume", record(), NOW, NOW) is None and ordered("resume", waiting(S.IDLE, due=NOW), NOW, NOW) is None


@pytest.mark.parametrize("status", [S.IDLE, *OPEN_PAUSES, S.PAUSED_NO_NETWORK, S.PAUSED_COSTED_NETWORK])
def test_cancel_ends_what_nobody_carries(status: TransferStatus) -> None:
    assert after("cancel", waiting(status)).status is S.CANCELED and lines("cancel", waiting(status)) == ["canceled"]


def test_cancel_tells_a_running_try_durably() -> None:
    canceling = after("cancel", record())

    assert canceling.want == Want.CANCEL and canceling.status is S.RUNNING


@pytest.mark.parametrize("status", [S.CANCELED, S.ERROR])
def test_retry_is_a_new_round_that_keeps_what_was_confirmed(status: TransferStatus) -> None:
    again = after("retry", ended(status, tally=Tally(attempts=4, requests=4, spent=9, confirmed=70, sent=100), acknowledged_at=NOW))

    assert (again.round, again.status, again.due, again.open, again.acknowledged_at) == (2, S.IDLE, NOW, True, None)
    assert again.tally == Tally(confirmed=70, best=70, sent=100)


@pytest.mark.parametrize("status", [S.COMPLETED, S.IDLE, S.RUNNING, S.PAUSED_BY_APPLICATION])
def test_only_what_failed_or_was_canceled_is_retried(status: TransferStatus) -> None:
    with pytest.raises(InvalidState):
        ordered("retry", waiting(status), NOW, NOW)


def test_retry_says_which_secret_is_gone() -> None:
    found = ended(S.ERROR)
    bare = replace(found, spec=replace(found.spec, headers=(("X-Token", STARS),)))

    with pytest.raises(InvalidState, match="X-Token"):
        ordered("retry", bare, NOW, NOW)
    assert after("retry", replace(bare, sealed=b"s")).round == 2


@pytest.mark.parametrize("status", [one for one in TERMINAL if one is not S.ERROR])
def test_acknowledge_erases_the_secrets_of_what_ended(status: TransferStatus) -> None:
    seen = after("acknowledge", ended(status, sealed=b"s"))

    assert seen.acknowledged_at == NOW and seen.sealed is None


@pytest.mark.parametrize("verb", ["acknowledge", "cancel"])
def test_what_failed_is_given_up_and_keeps_its_secrets_until_its_server_keeps_nothing(verb: str) -> None:
    decision = ordered(verb, ended(S.ERROR, sealed=b"s"), NOW, NOW)

    assert decision is not None and decision.abort
    assert decision.fields == {"acknowledged_at": NOW}


STAY = [(verb, status) for verb in ("pause", "resume", "cancel") for status in TERMINAL if (verb, status) != ("cancel", S.ERROR)]


@pytest.mark.parametrize(("verb", "status"), STAY)
def test_an_end_stays_an_end(verb: str, status: TransferStatus) -> None:
    with pytest.raises(InvalidState, match=status.word):
        ordered(verb, ended(status), NOW, NOW)


@pytest.mark.parametrize(
    ("verb", "found"),
    [
        ("pause", waiting(S.PAUSED_BY_APPLICATION)),
        ("pause", record(want=Want.PAUSE)),
        ("cancel", record(want=Want.CANCEL)),
        ("acknowledge", ended(S.ERROR, acknowledged_at=NOW)),
    ],
)
def test_an_order_given_twice_is_one(verb: str, found: Record) -> None:
    assert ordered(verb, found, NOW, NOW) is None


def test_an_unknown_order_names_those_there_are() -> None:
    with pytest.raises(InvalidArgument, match="acknowledge, cancel, pause, resume, retry, start"):
        ordered("hurry", record(), NOW, NOW)
