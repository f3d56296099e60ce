"""The contract of a transport that carries runs is kept by an honest one and catches every broken one."""

from pathlib import Path

import pytest
from sendoff.errors import SendoffError
from sendoff.testing.bundling_contract import BundlingContract
from sendoff.testing.transport_contract import Shipyard

from tests.contract import broken_runs as broken
from tests.contract.test_broken_transports import world_of

CAUGHT = (AssertionError, SendoffError, TimeoutError, pytest.fail.Exception)


class TestAnHonestTransport(BundlingContract):
    @pytest.fixture
    def world(self, tmp_path):
        world = world_of(broken.PutRuns, tmp_path)
        yield world
        world.close()


BROKEN = [
    (broken.ForgetsTheLast, "each_arrives_unchanged_and_is_told_once"),
    (broken.TellsTwice, "each_arrives_unchanged_and_is_told_once"),
    (broken.NeverConfirms, "what_the_server_was_seen_to_hold_is_confirmed"),
    (broken.TakesShortReadsForAll, "a_source_that_reads_in_small_pieces_arrives_unchanged"),
    (broken.EndsWithTheFirstError, "an_error_of_one_source_is_its_own_and_the_others_arrive"),
    (broken.RaisesWhatOneSays, "an_error_of_one_source_is_its_own_and_the_others_arrive"),
    (broken.PadsWhatEndsEarly, "a_source_that_ends_early_is_its_own_error_and_the_others_arrive"),
    (broken.RaisesWhatOneSays, "one_that_was_stopped_before_does_not_stop_the_others"),
    (broken.BreaksTheConnectionForOne, "one_that_is_stopped_in_the_middle_does_not_stop_the_others"),
    (broken.ForgetsTheCommitPoint, "none_is_completed_before_its_commit_point"),
    (broken.ForgetsTheCommitPointOfAnEmptyFile, "none_is_completed_before_its_commit_point"),
    (broken.CannotBeStopped, "all_that_were_stopped_come_back_within_a_second_even_when_the_server_is_silent"),
    (broken.ReadsAllBeforehand, "when_the_connection_breaks_who_has_begun_is_told_and_who_is_not_told_has_not_begun"),
    (broken.HidesThatItBroke, "when_the_connection_breaks_who_has_begun_is_told_and_who_is_not_told_has_not_begun"),
    (broken.TakesABrokenConnectionForAnOrder, "when_the_connection_breaks_who_has_begun_is_told_and_who_is_not_told_has_not_begun"),
    (broken.KeepsABrokenConnection, "after_a_broken_connection_the_next_run_arrives"),
    (broken.GoesOnWhereNobodyListens, "a_place_where_nobody_listens_is_unreachable_and_nothing_has_begun"),
    (broken.WaitsOutARefusedLogin, "a_refused_login_needs_a_person"),
]


@pytest.mark.parametrize(("kind", "promise"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_the_contract_catches(kind, promise, tmp_path):
    world = world_of(kind, tmp_path)
    try:
        with Shipyard(world, Path(tmp_path)) as ship, pytest.raises(CAUGHT):
            getattr(BundlingContract(), f"test_{promise}")(world, ship)
    finally:
        world.close()


def test_every_promise_has_a_transport_that_breaks_it():
    promises = {name.removeprefix("test_") for name in vars(BundlingContract) if name.startswith("test_")}

    assert promises == {promise for _, promise in BROKEN}
