"""The contracts of what a transport may do besides are kept by honest ones and catch every broken one."""

import inspect
from pathlib import Path

import pytest
from sendoff.errors import SendoffError
from sendoff.testing.aborting_contract import AbortingContract
from sendoff.testing.probing_contract import ProbingContract
from sendoff.testing.resuming_contract import ResumingContract
from sendoff.testing.transport_contract import Shipyard
from sendoff.testing.verifying_contract import VerifyingContract

from tests.contract import broken_sessions as broken

CONTRACTS = (ResumingContract, AbortingContract, ProbingContract, VerifyingContract)
BROKEN = [
    (ResumingContract, broken.BeginsAnew, "after_a_break_only_the_rest_is_sent_and_all_of_it_is_there", {}),
    (ResumingContract, broken.RemembersByItself, "another_process_goes_on_with_what_is_on_record", {}),
    (ResumingContract, broken.RecordsWhatIsNoJson, "a_session_is_small_and_nothing_but_json", {}),
    (ResumingContract, broken.SendsBeforeItRecords, "no_byte_is_sent_before_its_session_is_on_record", {}),
    (ResumingContract, broken.ConfirmsOnlyTheEnd, "what_is_confirmed_grows_while_it_is_sent_and_ends_with_the_whole", {}),
    (AbortingContract, broken.OnlySaysThatItRemoves, "what_is_removed_is_not_there_to_go_on_with", {}),
    (AbortingContract, broken.RemovesNothingThatIsListed, "what_is_removed_is_listed_no_more", {}),
    (AbortingContract, broken.RemovesOnce, "it_may_be_removed_twice", {}),
    (AbortingContract, broken.RemovesEverything, "what_others_have_under_way_is_left_alone", {}),
    (AbortingContract, broken.RemovesWithoutLooking, "a_session_of_somebody_else_s_kind_removes_nothing", {}),
    (ProbingContract, broken.NeverFindsIt, "a_place_that_is_there_is_reachable", {}),
    (ProbingContract, broken.TriesItOut, "to_ask_changes_nothing", {}),
    (ProbingContract, broken.PromisesToBeginAnew, "where_it_says_that_it_resumes_a_broken_upload_has_a_session", {}),
    (ProbingContract, broken.FindsNobody, "a_place_where_nobody_listens_is_unreachable", {}),
    (ProbingContract, broken.TellsTheSecret, "a_refused_login_is_told_and_shows_no_secret", {}),
    (VerifyingContract, broken.LooksAtTheSizeAlone, "what_was_seen_is_no_less_than_what_was_asked_for", {"verify": "digest"}),
    (VerifyingContract, broken.MakesUpADigest, "a_digest_that_is_told_is_that_of_the_bytes", {"digest": "sha256"}),
    (VerifyingContract, broken.Overwrites, "what_is_there_stays_where_it_must_not_be_overwritten", {}),
    (VerifyingContract, broken.OverwritesAndSaysThatItSkipped, "what_is_there_is_passed_by_where_that_was_asked_for", {}),
    (VerifyingContract, broken.SkipsInAnyCase, "where_nothing_is_it_arrives", {"existing": "skip"}),
    (VerifyingContract, broken.IsThereInAnyCase, "where_nothing_is_it_arrives", {"existing": "fail"}),
    (VerifyingContract, broken.ForgetsTheDigest, "a_digest_that_is_told_is_that_of_the_bytes", {"digest": "sha256"}),
    (VerifyingContract, broken.FailsWhateverIsAsked, "what_was_seen_is_no_less_than_what_was_asked_for", {"verify": "read-back"}),
    (VerifyingContract, broken.FailsWhateverIsAsked, "a_digest_that_is_told_is_that_of_the_bytes", {"digest": "none"}),
    (VerifyingContract, broken.FailsWhateverIsAsked, "what_is_there_stays_where_it_must_not_be_overwritten", {}),
    (VerifyingContract, broken.FailsWhateverIsAsked, "what_is_there_is_passed_by_where_that_was_asked_for", {}),
    (VerifyingContract, broken.FailsWhateverIsAsked, "where_nothing_is_it_arrives", {"existing": "skip"}),
]


def keep(contract, promise, words, kind, folder):
    test, world = getattr(contract, f"test_{promise}"), broken.MemoryWorld(kind)
    needed = inspect.signature(test).parameters
    folder.mkdir()
    with Shipyard(world, folder) as ship:
        test(contract(), world=world, **words, **({"ship": ship} if "ship" in needed else {}))


@pytest.mark.parametrize(("contract", "kind", "promise", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_the_contract_catches(contract, kind, promise, words, tmp_path):
    keep(contract, promise, words, broken.Honest, Path(tmp_path) / "honest")

    with pytest.raises((AssertionError, pytest.fail.Exception, SendoffError)):
        keep(contract, promise, words, kind, Path(tmp_path) / "broken")


@pytest.mark.parametrize(("promise", "words"), [(promise, words) for contract, _, promise, words in BROKEN if contract is VerifyingContract])
def test_who_says_that_it_cannot_do_what_is_asked_keeps_the_contract(promise, words, tmp_path):
    keep(VerifyingContract, promise, words, broken.Refuses, tmp_path / "refuses")


def test_every_promise_has_a_transport_that_breaks_it():
    promises = {(contract, name.removeprefix("test_")) for contract in CONTRACTS for name in vars(contract) if name.startswith("test_")}

    assert promises == {(contract, promise) for contract, _, promise, _ in BROKEN}
