"""What a try's end means for its operation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sendoff.errors import (
    CredentialNeeded,
    DriverBroken,
    DriverMissing,
    HostKeyUnknown,
    Interrupted,
    JournalFull,
    NoSpace,
    OutcomeUnknown,
    Permanent,
    Postpone,
    Rejected,
    SendoffError,
    ServerBusy,
    SessionLost,
    SourceChanged,
    SourceMissing,
    SourceUnavailable,
    TargetExists,
    TooLarge,
    Transient,
    Unreachable,
    Unverified,
)
from sendoff.model.delivery import Delivery
from sendoff.model.operation import Record, Tally
from sendoff.model.response import Response
from sendoff.model.status import Reason, TransferStatus, Want
from sendoff.policy.cost import Gate
from sendoff.policy.decision import Decision
from sendoff.policy.lifecycle import canceled, claimed, completed, failed, gated, orphaned, poisoned

from tests.core.records import DAY, MINUTE, NOW, record, setting, tried, waiting

RUNNING, IDLE, ERROR, CANCELED = TransferStatus.RUNNING, TransferStatus.IDLE, TransferStatus.ERROR, TransferStatus.CANCELED
OFFLINE = Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.OFFLINE)


def after(found: Record, error: SendoffError, **more: Any) -> Record:
    """The record after a try that ended with an error."""
    return end(found, error, **more).applied(found)


def end(found: Record, error: SendoffError, *, one: Any = None, around: Any = None) -> Decision:
    return failed(found, error, one or tried(), None, around or setting())


def test_a_claim_grows_the_epoch_and_begins_a_try() -> None:
    queued = waiting(IDLE, reason="queued", due=NOW, tally=Tally())

    taken = claimed(queued, "me", NOW).applied(queued)

    assert (taken.status, taken.owner, taken.epoch, taken.tally.attempts, taken.started_at) == (RUNNING, "me", queued.epoch + 1, 1, NOW)


def test_a_straight_start_writes_no_event_and_one_out_of_a_pause_says_resumed() -> None:
    assert claimed(waiting(IDLE), "me", NOW).lines == ()
    assert claimed(waiting(TransferStatus.PAUSED_NO_NETWORK), "me", NOW).lines == (("resumed", {}),)


def test_a_delivery_completes_with_its_proof_and_erases_the_secrets() -> None:
    found = record(sealed=b"secret", environment="e", tally=Tally(attempts=2, sent=400))

    decision = completed(found, Delivery(url="https://h/a", size=1000, verified="size"), tried(sent=1000), Response(status=201), setting())
    done = decision.applied(found)

    assert done.status is TransferStatus.COMPLETED and not done.open and done.due is None and done.owner is None
    assert done.receipt is not None and (done.receipt.bytes_resent, done.receipt.attempts, done.receipt.verified) == (400, 2, "size")
    assert done.sealed is None and done.environment is None and decision.forget
    assert [type_ for type_, _ in decision.lines] == ["completed"]


def test_a_delivery_wins_over_a_cancel_that_came_too_late() -> None:
    found = record(want=Want.CANCEL)

    assert completed(found, Delivery(url="u", size=1000), tried(), None, setting()).applied(found).status is TransferStatus.COMPLETED


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (Transient(), RUNNING, "backoff"),
        (Unreachable(), RUNNING, "unreachable"),
        (ServerBusy(), RUNNING, "backoff"),
        (Transient(locked=True), RUNNING, "server_lock"),
        (CredentialNeeded(), TransferStatus.PAUSED_RECOVERABLE, "credential_needed"),
        (HostKeyUnknown(), TransferStatus.PAUSED_RECOVERABLE, "host_key_unknown"),
        (NoSpace(), TransferStatus.PAUSED_RECOVERABLE, "no_space"),
        (SourceUnavailable(), TransferStatus.PAUSED_RECOVERABLE, "source_unavailable"),
        (JournalFull(), TransferStatus.PAUSED_SYSTEM_POLICY, "journal_full"),
        (DriverMissing(), TransferStatus.PAUSED_SYSTEM_POLICY, "plugin_missing"),
        (DriverBroken(), TransferStatus.PAUSED_SYSTEM_POLICY, "plugin_missing"),
        (Postpone(retry_after=5.0), IDLE, "queued"),
        (SessionLost(), IDLE, "queued"),
        (Interrupted(), IDLE, "queued"),
        (Rejected(http_status=404), ERROR, None),
        (TooLarge(), ERROR, None),
        (SourceChanged(), ERROR, None),
        (SourceMissing(), ERROR, None),
        (Unverified(), ERROR, None),
        (OutcomeUnknown(), ERROR, None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SendoffError) else None,
)
def test_each_error_type_leads_where_it_says(error: SendoffError, status: TransferStatus, reason: str | None) -> None:
    ended = after(record(), error)

    assert (ended.status, ended.reason) == (status, reason)
    assert ended.owner is None and ended.tally.unsettled == 0
    assert ended.open is not status.terminal and (ended.due is None) == (status.terminal or reason in ("credential_needed", "host_key_unknown", "no_space"))


def test_what_needs_a_person_says_what_and_lets_later_ones_pass() -> None:
    asked = after(record(holds_target=True), CredentialNeeded("the server refused the password"))

    assert asked.needs == {"what": "credential", "command": "sendoff resume 1"}
    assert asked.reason_text == "the server refused the password" and not asked.holds_target


LISTED = {"recoverable_errors": (403, 412, 6), "patience": 0}


@pytest.mark.parametrize(
    "error", [Rejected(http_status=403, web_error=403), TargetExists(), Unreachable()], ids=["by its status", "by its number", "in the end"]
)
def test_a_listed_error_is_waited_at_instead_of_an_end(error: SendoffError) -> None:
    asked = after(record(spec=LISTED, holds_target=True, tally=Tally(attempts=4, requests=3, spent=9)), error)

    assert (asked.status, asked.reason, asked.due, asked.open) == (TransferStatus.PAUSED_RECOVERABLE, "recoverable_error", None, True)
    assert asked.needs == {"what": "consent", "command": "sendoff resume 1"} and not asked.holds_target
    assert asked.error is not None and asked.error.web_error in LISTED["recoverable_errors"]  # type: ignore[operator]
    assert (asked.tally.requests, asked.tally.spent) == (0, 0), "what comes then has new patience"


@pytest.mark.parametrize(
    ("error", "more"),
    [(Rejected(http_status=404, web_error=404), {}), (OutcomeUnknown(web_error=403), {}), (Transient(web_error=6), {"method": "POST", "point": True})],
    ids=["another", "nobody knows whether it was done", "it may have been done, and must not be repeated"],
)
def test_any_other_error_is_an_end(error: SendoffError, more: dict[str, Any]) -> None:
    assert after(record(spec=LISTED, **more), error).status is ERROR


def test_of_what_was_to_be_paused_a_listed_error_asks_nobody() -> None:
    asked = after(record(spec=LISTED, want=Want.PAUSE), Rejected(http_status=403, web_error=403))

    assert (asked.status, asked.want, asked.needs) == (TransferStatus.PAUSED_BY_APPLICATION, None, None)


@pytest.mark.parametrize("error", [Transient(), Unreachable(), Interrupted(), ServerBusy()])
def test_no_try_is_spent_while_there_is_no_network(error: SendoffError) -> None:
    ended = after(record(spec={"patience": 0}, tally=Tally(attempts=9, requests=3)), error, around=setting(gate=OFFLINE))

    assert (ended.status, ended.reason, ended.due) == (TransferStatus.PAUSED_NO_NETWORK, "offline", NOW)
    assert ended.tally.requests == 3


@pytest.mark.parametrize("gate", [OFFLINE, Gate(TransferStatus.PAUSED_COSTED_NETWORK, Reason.METERED), Gate(TransferStatus.PAUSED_SYSTEM_POLICY, Reason.POWER)])
def test_a_closed_gate_is_a_wait_that_stays_due(gate: Gate) -> None:
    held = gated(gate, waiting(IDLE, due=NOW)).applied(waiting(IDLE, due=NOW))

    assert (held.status, held.reason, held.due) == (gate.status, gate.reason, NOW)


# -- orders that a running try obeys -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Interrupted(), Transient(), Rejected(), CredentialNeeded(), SessionLost()])
def test_a_cancel_is_obeyed_however_the_try_ends(error: SendoffError) -> None:
    decision = end(record(want=Want.CANCEL), error)

    assert decision.fields["status"] is CANCELED and decision.abort


@pytest.mark.parametrize("error", [Interrupted(), Transient(), CredentialNeeded()])
def test_a_pause_is_obeyed_when_the_try_ends_without_an_end(error: SendoffError) -> None:
    paused = after(record(want=Want.PAUSE, holds_target=True), error)

    assert (paused.status, paused.want, paused.due, paused.holds_target) == (TransferStatus.PAUSED_BY_APPLICATION, None, None, False)


def test_a_pause_does_not_hide_a_failure() -> None:
    assert after(record(want=Want.PAUSE), Rejected()).status is ERROR


# -- what must not be repeated ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [Transient(), Unreachable(), OutcomeUnknown(), Transient(http_status=502)])
def test_a_post_that_went_out_whole_is_not_sent_again(error: SendoffError) -> None:
    ended = after(record(method="POST", point=True), error)

    assert ended.status is ERROR and ended.error is not None and ended.error.code == "outcome_unknown"


def test_a_post_that_the_server_said_no_to_is_sent_again() -> None:
    assert after(record(method="POST", point=True), ServerBusy(http_status=503)).reason == "backoff"


def test_a_post_broken_off_before_its_end_is_sent_again() -> None:
    assert after(record(method="POST"), Transient()).reason == "backoff"


@pytest.mark.parametrize("spec", [{"retry_unsafe": True}, {"idempotency_key": "k"}])
def test_a_post_with_a_guarantee_is_sent_again(spec: dict[str, Any]) -> None:
    assert after(record(method="POST", point=True, spec=spec), Transient()).reason == "backoff"


def test_after_the_death_of_the_process_a_whole_post_ends_canceled() -> None:
    ended = orphaned(record(method="POST", point=True), setting()).applied(record(method="POST", point=True))

    assert (ended.status, ended.reason) == (CANCELED, "interrupted_non_idempotent")


@pytest.mark.parametrize("found", [record(), record(method="POST"), record(point=True), record(method="POST", point=True, spec={"idempotency_key": "k"})])
def test_after_the_death_of_the_process_everything_else_goes_on(found: Record) -> None:
    resumed = orphaned(found, setting()).applied(found)

    assert (resumed.status, resumed.reason, resumed.due, resumed.owner) == (IDLE, "queued", NOW, None)


@pytest.mark.parametrize(("want", "status"), [(Want.CANCEL, CANCELED), (Want.PAUSE, TransferStatus.PAUSED_BY_APPLICATION)])
def test_after_the_death_of_the_process_what_was_ordered_is_obeyed(want: Want, status: TransferStatus) -> None:
    assert orphaned(record(want=want), setting()).fields["status"] is status


def test_an_interrupted_post_past_its_point_ends_canceled() -> None:
    assert after(record(method="POST", point=True), Interrupted()).reason == "interrupted_non_idempotent"


# -- patience --------------------------------------------------------------------------------------------------------------


def test_the_clock_of_patience_starts_at_the_first_failed_try() -> None:
    first = after(record(), Transient(), one=tried(seconds=7200))

    assert first.tally.spent == 0 and first.tally.requests == 1 and first.status is RUNNING


def test_patience_counts_tries_and_planned_pauses_and_then_fails() -> None:
    found = record(tally=Tally(attempts=5, requests=4, spent=3 * DAY - 10 * MINUTE, pause=9 * MINUTE))

    assert after(found, Transient(), one=tried(seconds=30)).status is RUNNING
    assert after(found, Transient(), one=tried(seconds=61)).status is ERROR


def test_a_newly_confirmed_byte_starts_patience_anew() -> None:
    found = record(tally=Tally(attempts=5, requests=9, spent=3 * DAY, pause=MINUTE, best=100, confirmed=100))

    moved = after(found, Transient(), one=tried(confirmed=101, session=True))

    assert (moved.status, moved.tally.spent, moved.tally.requests, moved.tally.best) == (RUNNING, 0, 1, 101)


@pytest.mark.parametrize("error", [Transient(), Unreachable()])
def test_patience_zero_is_four_requests(error: SendoffError) -> None:
    found = record(spec={"patience": 0})
    for _ in range(3):
        found = replace(after(found, error), owner="me")
        assert found.status is RUNNING

    assert after(found, error).status is ERROR


def test_patience_zero_counts_from_the_last_newly_confirmed_byte() -> None:
    found = record(spec={"patience": 0}, tally=Tally(attempts=4, requests=3))

    assert after(found, Transient(), one=tried(confirmed=5, session=True)).tally.requests == 1


def test_an_unreachable_destination_spends_patience_and_no_number_of_tries_ends_it() -> None:
    found = record(tally=Tally(attempts=500, requests=499))

    assert after(found, Unreachable()).status is RUNNING


def test_who_waits_behind_another_that_asks_has_been_waiting_too() -> None:
    found = record(spec={"patience": DAY})

    assert after(found, Unreachable(), one=tried(down_since=NOW - 2 * DAY)).status is ERROR


def test_too_much_sent_in_vain_waits_for_consent() -> None:
    size = 2**30
    found = record(size=size, tally=Tally(attempts=4, requests=3, resent=3 * size))

    asked = after(found, Transient(), one=tried(sent=size // 2))

    assert (asked.status, asked.reason, asked.needs) == (TransferStatus.PAUSED_RECOVERABLE, "consent", {"what": "consent", "command": "sendoff resume 1"})


def test_small_files_and_sessions_need_no_consent() -> None:
    assert after(record(tally=Tally(requests=3, resent=10**8)), Transient(), one=tried(sent=1000)).status is RUNNING
    assert after(record(size=2**30, tally=Tally(requests=3)), Transient(), one=tried(sent=2**33, session=True)).status is RUNNING


def test_a_retry_after_wins_over_the_growing_pause() -> None:
    waits = after(record(), ServerBusy(retry_after=120.0))

    assert waits.due is not None and 120 * 10**6 <= waits.due - NOW <= 132 * 10**6


def test_the_event_of_a_lost_session_says_why_and_that_it_begins_anew() -> None:
    ((type_, data),) = end(record(), SessionLost("h no longer knows the half-done upload")).lines
    assert (type_, data["retry_in"]) == ("attempt_failed", 0)
    assert data["error"]["message"] == "h no longer knows the half-done upload; restarted from the first byte"


def test_a_session_lost_again_and_again_without_progress_fails() -> None:
    found = record(tally=Tally(attempts=2, best=500, confirmed=500))
    for _ in range(3):
        found = replace(after(found, SessionLost(), one=tried(confirmed=100, session=True)), owner="me")
        assert found.status is IDLE

    assert after(found, SessionLost(), one=tried(confirmed=100, session=True)).status is ERROR


def test_a_lost_session_forgets_the_checkpoint() -> None:
    assert end(record(), SessionLost()).forget


def test_an_upload_that_kills_its_process_is_set_aside_in_the_end() -> None:
    assert not poisoned(record(tally=Tally(unsettled=9))) and poisoned(record(tally=Tally(unsettled=10)))


def test_a_canceled_spooled_upload_gives_its_copy_back() -> None:
    found = record()
    spooled = replace(found, spec=replace(found.spec, source=replace(found.spec.source, kind="spool")))

    assert canceled(spooled, NOW).erase and not canceled(found, NOW).erase


def test_while_the_network_at_hand_is_away_what_is_on_it_is_tried_on_and_nothing_is_spent() -> None:
    found = record(tally=Tally(requests=3, spent=5, attempts=3))
    around = replace(setting(patience=0.0, attempts=1), away=True)

    put_off = failed(found, Unreachable("no way leads there"), tried(), None, around).applied(found)

    assert (put_off.status, put_off.reason, put_off.tally.requests, put_off.tally.spent) == (RUNNING, "unreachable", 3, 5)
    assert put_off.due is not None and put_off.due > NOW
    assert failed(found, Rejected("no"), tried(), None, around).applied(found).status is ERROR, "whoever has an answer has reached it"


BEHIND_PORTAL = Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.PORTAL)


@pytest.mark.parametrize(
    "error",
    [Rejected("not here", http_status=302), SessionLost("it knows of nothing", http_status=404), Permanent("another's certificate", web_error=1)],
    ids=lambda error: type(error).__name__,
)
def test_what_seems_to_be_said_by_the_server_behind_a_login_page_is_not_believed(error: SendoffError) -> None:
    ended = failed(record(), error, tried(), None, setting(gate=BEHIND_PORTAL)).applied(record())

    assert (ended.status, ended.reason, ended.due, ended.tally.requests) == (TransferStatus.PAUSED_NO_NETWORK, "portal", NOW, 0)


def test_what_is_wrong_with_the_file_is_wrong_behind_a_login_page_too() -> None:
    ended = failed(record(), SourceChanged("it is another"), tried(), None, setting(gate=BEHIND_PORTAL)).applied(record())

    assert ended.status is TransferStatus.ERROR
