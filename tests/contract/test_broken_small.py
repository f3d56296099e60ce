"""Every promise of the small contracts catches a driver that breaks it, and lets one pass that keeps it."""

import importlib.util
import json
from dataclasses import dataclass, field
from logging import getLogger
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sendoff import Notice, SendoffError, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.credential_contract import CredentialContract
from sendoff.testing.driver_contract import DriverContract
from sendoff.testing.network_contract import NetworkContract
from sendoff.testing.sink_contract import NOON, RefusableSinkContract

SPEC = importlib.util.spec_from_file_location("broken_small", Path(__file__).with_name("broken_small.py"))
broken = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(broken)

CASES = [
    (DriverContract, "test_making_it_reads_and_writes_nothing", broken.ReadsWhenMade, broken.GoodNetwork),
    (DriverContract, "test_a_key_it_does_not_know_is_an_error", broken.TakesAnyKey, broken.GoodNetwork),
    (DriverContract, "test_it_may_be_closed_twice", broken.ClosesOnce, broken.GoodNetwork),
    (CredentialContract, "test_what_was_kept_is_given", broken.GivesAnother, broken.GoodStore),
    (CredentialContract, "test_a_change_is_seen_at_the_next_use", broken.Caches, broken.GoodStore),
    (CredentialContract, "test_a_refused_value_is_not_given_again", broken.GivesTheRefusedAgain, broken.GoodStore),
    (CredentialContract, "test_after_a_refusal_a_newer_value_is_given", broken.RefusesForEver, broken.GoodStore),
    (CredentialContract, "test_one_that_is_not_there_is_asked_of_a_person", broken.HasNoHint, broken.GoodStore),
    (CredentialContract, "test_a_name_with_control_characters_is_refused", broken.TakesAnyName, broken.GoodStore),
    (CredentialContract, "test_only_the_environment_that_is_handed_in_is_asked", broken.ReadsItsOwnEnvironment, broken.GoodStore),
    (CredentialContract, "test_no_error_shows_the_secret", broken.ShowsTheSecret, broken.GoodStore),
    (CredentialContract, "test_it_says_whether_it_works_here", broken.IsNeverUsable, broken.GoodStore),
    (RefusableSinkContract, "test_a_notice_arrives_whole", broken.ForgetsTheTime, broken.GoodSink),
    (RefusableSinkContract, "test_the_notice_of_a_batch_has_no_operation", broken.InventsAnOperation, broken.GoodSink),
    (RefusableSinkContract, "test_hostile_words_arrive_as_they_are_and_do_nothing", broken.CutsAtTheNul, broken.GoodSink),
    (RefusableSinkContract, "test_the_same_notice_may_come_again", broken.TakesANoticeOnce, broken.GoodSink),
    (RefusableSinkContract, "test_several_threads_may_deliver", broken.LosesOneOfTwo, broken.GoodSink),
    (RefusableSinkContract, "test_what_it_shows_are_popups_and_tiles", broken.ShowsEverything, broken.GoodSink),
    (RefusableSinkContract, "test_the_section_that_it_offers_by_itself_can_be_in_force", broken.OffersWhatItDoesNotKnow, broken.GoodSink),
    (RefusableSinkContract, "test_a_refusal_for_good_is_permanent", broken.SwallowsARefusal, broken.GoodSink),
    (RefusableSinkContract, "test_a_receiver_that_is_busy_is_transient", broken.SwallowsARefusal, broken.GoodSink),
    (NetworkContract, "test_it_answers_in_time_with_known_or_unknown", broken.TakesItsTime, broken.GoodNetwork),
    (NetworkContract, "test_it_answers_in_time_with_known_or_unknown", broken.StampsItself, broken.GoodNetwork),
    (NetworkContract, "test_it_says_who_said_so", broken.IsNameless, broken.GoodNetwork),
    (NetworkContract, "test_what_it_cannot_see_is_unknown_and_allows", broken.TakesUnknownForOffline, broken.GoodNetwork),
    (NetworkContract, "test_several_threads_may_look", broken.ChangesItsMind, broken.GoodNetwork),
]


@dataclass
class Bench:
    """What the promises ask for, around one driver."""

    driver: Any
    toolkit: Toolkit
    monkeypatch: pytest.MonkeyPatch
    options: dict = field(default_factory=dict)
    name: str = "SENDOFF_CONTRACT"
    bad: str = "a\nb"
    refusing: dict = field(default_factory=lambda: {"says": "no"})
    busy: dict = field(default_factory=lambda: {"says": "later"})
    blind: dict = field(default_factory=lambda: {"says": "nothing"})
    notice: Notice = Notice(id="n-1", type="completed", time=NOON, operation={"id": "op-1"})

    def __post_init__(self):
        self.store = self.sink = self.network = self.made = self.driver(self.driver.Settings(), self.toolkit)

    def keep(self, secret):
        return {self.name: secret}

    def received(self):
        return [json.loads(line) for line in (self.toolkit.folder / "received").read_text().splitlines()]

    def run(self, contract, promise):
        code = getattr(contract, promise)
        words = code.__code__.co_varnames[1 : code.__code__.co_argcount]
        code(contract(), **{word: getattr(self, word) for word in words})


@pytest.fixture
def bench(tmp_path, monkeypatch):
    toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.contract"), folder=tmp_path)
    return lambda driver: Bench(driver=driver, toolkit=toolkit, monkeypatch=monkeypatch)


@pytest.mark.parametrize(("contract", "promise", "driver", "good"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_a_driver_that_breaks_a_promise_is_caught(contract, promise, driver, good, bench):
    bench(good).run(contract, promise)
    (bench(good).toolkit.folder / "received").unlink(missing_ok=True)

    with pytest.raises((AssertionError, pytest.fail.Exception, SendoffError)):
        bench(driver).run(contract, promise)


def test_every_promise_has_somebody_who_breaks_it():
    promises = {
        name for contract in (DriverContract, CredentialContract, RefusableSinkContract, NetworkContract) for name in dir(contract) if name.startswith("test_")
    }

    assert promises == {promise for _, promise, _, _ in CASES}
