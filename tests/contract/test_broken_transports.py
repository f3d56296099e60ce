"""The contract of a transport is kept by an honest one and catches every broken one."""

import inspect
from pathlib import Path

import pytest
from sendoff.errors import SendoffError
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.transport_contract import Shipyard, TransportContract
from sendoff.testing.world import ReceiverWorld

from tests.contract import broken_transports as broken

CAUGHT = (AssertionError, SendoffError, TimeoutError, pytest.fail.Exception)


def world_of(kind, folder):
    return ReceiverWorld(lambda destination, credentials: kind(destination, {}, loose_toolkit(credential=credentials)), folder / "in")


class TestAnHonestTransport(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        world = world_of(broken.PlainPut, tmp_path)
        yield world
        world.close()


BROKEN = [
    (broken.FlipsAByte, "bytes_arrive_unchanged_and_the_delivery_says_how_many", {"size": 1}),
    (broken.MiscountsTheDelivery, "bytes_arrive_unchanged_and_the_delivery_says_how_many", {"size": 4095}),
    (broken.TakesShortReadsForTheEnd, "a_source_that_reads_in_small_pieces_arrives_unchanged", {}),
    (broken.ReadsAheadUnasked, "who_reads_ahead_sends_no_more_than_is_allowed", {}),
    (broken.NeverConfirms, "what_the_server_was_seen_to_hold_is_confirmed_and_no_more", {}),
    (broken.ConfirmsTooMuch, "what_the_server_was_seen_to_hold_is_confirmed_and_no_more", {}),
    (broken.HidesWhatTheSourceSaid, "an_error_of_the_source_passes_through_and_nothing_is_claimed", {}),
    (broken.ConfirmsWhatItOnlySent, "an_error_of_the_source_passes_through_and_nothing_is_claimed", {}),
    (broken.PadsAFileThatEndsEarly, "a_source_that_ends_early_is_an_error_and_nothing_is_claimed", {}),
    (broken.ForgetsTheCommitPoint, "nothing_is_completed_before_its_commit_point", {"size": 1}),
    (broken.ForgetsTheCommitPointOfAnEmptyFile, "nothing_is_completed_before_its_commit_point", {"size": 0}),
    (broken.CannotBeStopped, "a_try_is_broken_off_within_a_second_even_when_the_server_is_silent", {"size": 100_000}),
    (broken.NeverLooksForOrders, "a_try_that_was_stopped_before_it_began_sends_nothing", {}),
    (broken.CallsABrokenConnectionUnreachable, "a_connection_that_breaks_may_be_cured_by_waiting", {}),
    (broken.TakesABrokenConnectionForTheEnd, "a_connection_that_breaks_may_be_cured_by_waiting", {}),
    (broken.KeepsABrokenConnection, "after_a_broken_connection_the_next_try_arrives", {}),
    (broken.GivesUpWhereNobodyListens, "a_place_where_nobody_listens_is_unreachable", {}),
    (broken.GivesUpAtARefusedLogin, "a_refused_login_needs_a_person", {}),
    (broken.TellsTheSecretInItsError, "no_secret_is_shown_by_errors_logs_or_the_transport", {}),
    (broken.TellsTheSecretInTheLog, "no_secret_is_shown_by_errors_logs_or_the_transport", {}),
    (broken.LetsNamesLeadOut, "no_name_leads_out_of_the_root", {"name": "../up"}),
    (broken.LetsEncodedNamesLeadOut, "no_name_leads_out_of_the_root", {"name": "%2e%2e/up"}),
    (broken.ForgetsToEncodeNames, "every_other_name_arrives_under_its_own_address", {"name": "per%cent%20"}),
    (broken.FlattensFolders, "every_other_name_arrives_under_its_own_address", {"name": "a/b/c/d"}),
    (broken.SharesABufferBetweenThreads, "many_threads_share_one_transport", {}),
    (broken.IsGoneAfterClose, "it_can_be_closed_and_used_again", {}),
    (broken.BreaksWhatRunsWhenClosed, "closing_does_not_disturb_a_try_that_runs", {}),
    (broken.TakesAnySessionForItsOwn, "a_session_it_does_not_know_is_never_taken_for_its_own", {}),
]


@pytest.mark.parametrize(("kind", "promise", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_the_contract_catches(kind, promise, words, tmp_path, caplog):
    world = world_of(kind, tmp_path)
    test = getattr(TransportContract, f"test_{promise}")
    needed = inspect.signature(test).parameters
    given = {name: value for name, value in {"world": world, "caplog": caplog, **words}.items() if name in needed}
    try:
        with Shipyard(world, Path(tmp_path)) as ship, pytest.raises(CAUGHT):
            test(TransportContract(), **given, **({"ship": ship} if "ship" in needed else {}))
    finally:
        world.close()


def test_every_promise_has_a_transport_that_breaks_it():
    promises = {name.removeprefix("test_") for name in vars(TransportContract) if name.startswith("test_")}

    assert promises == {promise for _, promise, _ in BROKEN}
