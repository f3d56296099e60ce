"""What is known of the network: doubts, refutations, and what counts as news."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable
from contextlib import contextmanager
from random import Random

import pytest
from sendoff.model.conditions import Conditions
from sendoff.model.destination import Destination, asked_at, is_local
from sendoff.model.lane import Lane
from sendoff.model.moment import moment
from sendoff.policy.cost import described
from sendoff.policy.debounce import Debounce
from sendoff.ports.clock import SystemClock
from sendoff.ports.network import Network, Watching
from sendoff.runtime import lookout as lookouts
from sendoff.runtime.best_network import BestNetwork, preferred
from sendoff.runtime.lookout import Lookout, Told
from sendoff.runtime.neighbors import Neighbors, resolves_near
from sendoff.runtime.outlook import Outlook
from sendoff.testing.fake_clock import FakeClock

ONLINE, OFFLINE, PORTAL = Conditions(online=True), Conditions(online=False), Conditions(online=True, portal=True)
FAR, LOCAL, AT_ONCE = (Lane(key=f"1|0|{local}||far.example", since=0) for local in range(3))
SOON = 20.0


class Said(Network, Watching):
    """Says what it was told, and tells of changes."""

    Settings = dict

    def __init__(self, conditions: Conditions = ONLINE) -> None:
        self.conditions, self.looks, self.watched = conditions, 0, threading.Event()
        self.tell: Callable[[], None] = lambda: None

    def look(self) -> Conditions:
        self.looks += 1
        return self.conditions

    def become(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.tell()

    @contextmanager
    def watch(self, changed: Callable[[], None]):  # type: ignore[no-untyped-def]
        self.tell = changed
        self.watched.set()
        yield


# -- debounce


def test_the_first_look_is_news_and_the_same_again_is_none() -> None:
    debounce = Debounce()

    assert debounce.seen(ONLINE, 0.0, 5.0)
    assert not debounce.seen(ONLINE, 1.0, 5.0)


def test_what_lasts_is_news_and_what_flickers_is_not() -> None:
    debounce = Debounce()
    debounce.seen(ONLINE, 0.0, 5.0)

    assert not debounce.seen(OFFLINE, 1.0, 5.0) and debounce.left(2.0, 5.0) == 4.0
    assert not debounce.seen(ONLINE, 3.0, 5.0) and debounce.left(3.0, 5.0) is None
    assert not debounce.seen(OFFLINE, 4.0, 5.0)
    assert not debounce.seen(PORTAL, 8.0, 5.0)
    assert debounce.seen(PORTAL, 13.0, 5.0) and debounce.told == PORTAL


# -- outlook


def outlook() -> Outlook:
    return Outlook(Random(1), lambda: 5.0)


@pytest.mark.parametrize("away", [OFFLINE, PORTAL])
def test_after_the_network_is_back_everybody_begins_at_a_moment_of_his_own(away: Conditions) -> None:
    moments = set()
    for seed in range(20):
        one = Outlook(Random(seed), lambda: 5.0)
        one.changed(away, 0, sure=False)
        one.changed(ONLINE, 10, sure=False)
        moments.add(one.wake(10))

    assert len(moments) == 20 and all(10 < when <= 10 + moment(5.0) for when in moments if when is not None)


def test_whoever_needs_no_network_or_is_wanted_at_once_does_not_rest() -> None:
    one = outlook()
    one.slept(0)

    assert (one.rests(FAR, 1), one.rests(LOCAL, 1), one.rests(AT_ONCE, 1)) == (True, False, False)
    assert not one.rests(FAR, moment(10.0)) and one.wake(moment(10.0)) is None


def test_a_change_from_unknown_to_online_keeps_nobody_waiting() -> None:
    one = outlook()

    assert one.changed(ONLINE, 0, sure=False) and one.wake(0) is None


def test_a_delivery_refutes_who_says_offline_until_he_says_something_else() -> None:
    one = outlook()
    one.changed(OFFLINE, 0, sure=False)
    one.delivered(1, "far.example")
    one.changed(dataclasses.replace(OFFLINE, metered=True), 2, sure=False)
    assert one.gate_for(FAR) is None

    one.changed(ONLINE, 3, sure=False)
    one.changed(OFFLINE, 4, sure=False)

    assert one.gate_for(FAR) is not None


@pytest.mark.parametrize(
    ("conditions", "text"),
    [
        (Conditions(), "nothing is known of it"),
        (dataclasses.replace(ONLINE, name="phone", metered=True, roaming=True), "online, metered, roaming (phone)"),
        (Conditions(online=False, power=False, name="routes"), "offline, power is to be saved (routes)"),
    ],
)  # fmt: skip
def test_what_is_known_is_said_in_words(conditions: Conditions, text: str) -> None:
    assert described(conditions) == text


def test_a_delivery_refutes_no_login_page_which_may_seem_to_take_everything() -> None:
    one = outlook()
    one.changed(PORTAL, 0, sure=False)
    one.delivered(1, "far.example")

    assert one.gate_for(FAR) is not None


# -- lookout


@pytest.fixture
def looking():  # type: ignore[no-untyped-def]
    """Begins to look out; what it tells comes in a queue."""
    begun: list[Lookout] = []
    began: list[int | None] = []  # since when each was so

    def begin(network: Network, clock: object = None, settle: float = 0.0):  # type: ignore[no-untyped-def]
        told: queue.Queue[object] = queue.Queue()

        def heard(conditions: Conditions, sure: bool) -> None:
            began.append(conditions.since)
            told.put((dataclasses.replace(conditions, since=None), sure))

        lookout = Lookout(
            network, clock or SystemClock(),  # type: ignore[arg-type]
            Told(changed=heard, slept=lambda: told.put("slept")), settle=lambda: settle,
        )  # fmt: skip
        lookout.start()
        begun.append(lookout)
        return lookout, told

    begin.began = began  # type: ignore[attr-defined]
    yield begin
    for one in begun:
        one.close()


def test_it_tells_at_the_start_and_at_each_change(looking) -> None:  # type: ignore[no-untyped-def]
    network = Said()
    _, told = looking(network)
    assert told.get(timeout=SOON) == (ONLINE, False)

    assert network.watched.wait(SOON)
    network.become(OFFLINE)

    assert told.get(timeout=SOON) == (OFFLINE, False)


def test_news_is_told_when_it_has_lasted(looking) -> None:  # type: ignore[no-untyped-def]
    network = Said()
    lookout, told = looking(network, settle=0.3)
    told.get(timeout=SOON)

    network.conditions = OFFLINE
    lookout.look_soon()

    assert told.get(timeout=SOON) == (OFFLINE, False)
    assert network.looks >= 3, "it was looked at again before it was told"


def test_what_has_lasted_began_when_it_was_first_seen(looking) -> None:  # type: ignore[no-untyped-def]
    network, clock = Said(), SystemClock()
    lookout, told = looking(network, clock, settle=0.3)
    told.get(timeout=SOON)
    before = clock.steady()

    network.conditions = OFFLINE
    lookout.look_soon()
    told.get(timeout=SOON)

    assert before <= looking.began[-1] <= clock.steady() - moment(0.29)


def test_whose_try_broke_finds_that_there_is_no_network_before_that_has_settled(looking, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(lookouts, "_FRESH", 0.0)
    network = Said()
    lookout, told = looking(network, settle=3600.0)
    told.get(timeout=SOON)
    network.conditions = OFFLINE

    assert lookout.fresh() == OFFLINE
    assert told.get(timeout=SOON) == (OFFLINE, True)


def test_many_tries_that_break_together_look_once(looking) -> None:  # type: ignore[no-untyped-def]
    network = Said()
    lookout, _ = looking(network, settle=3600.0)
    before = network.looks

    for _ in range(100):
        lookout.fresh()

    assert network.looks <= before + 5


@pytest.mark.fault(24)
def test_a_sleep_of_the_machine_is_noticed_once(looking) -> None:  # type: ignore[no-untyped-def]
    clock, network = FakeClock(), Said()
    lookout, told = looking(network, clock)
    told.get(timeout=SOON)

    clock.sleep("8h")
    lookout.look_soon()
    assert told.get(timeout=SOON) == "slept"
    network.conditions = OFFLINE
    lookout.look_soon()

    assert told.get(timeout=SOON) == (OFFLINE, False)


def test_a_network_that_fails_is_unknown(looking) -> None:  # type: ignore[no-untyped-def]
    class Broken(Network):
        Settings = dict

        def __init__(self) -> None:
            pass

        def look(self) -> Conditions:
            raise ValueError("a stranger's code")

    _, told = looking(Broken())

    assert told.get(timeout=SOON) == (Conditions(), False)


@pytest.mark.fault(24)
def test_a_machine_that_is_awake_does_not_seem_to_sleep() -> None:
    clock = SystemClock()
    before = clock.slept()

    assert before > -1.0 and abs(clock.slept() - before) < 1.0


def test_a_network_that_cannot_be_watched_is_looked_at_all_the_same(looking) -> None:  # type: ignore[no-untyped-def]
    class Unwatched(Said):
        def watch(self, changed: Callable[[], None]):  # type: ignore[no-untyped-def]
            raise ValueError("a stranger's code")

    network = Unwatched()
    lookout, told = looking(network)
    told.get(timeout=SOON)

    network.conditions = OFFLINE
    lookout.look_soon()

    assert told.get(timeout=SOON) == (OFFLINE, False)


# -- auto


UNKNOWN = Conditions(name="unknown", power=False)


def test_the_first_that_knows_anything_is_believed() -> None:
    best = BestNetwork({"a": Said(UNKNOWN), "b": Said(OFFLINE), "c": Said(ONLINE)})

    assert best.look() == dataclasses.replace(OFFLINE, power=False)


def test_it_changes_its_mind_when_a_better_one_comes_or_goes() -> None:
    better = Said(UNKNOWN)
    best = BestNetwork({"better": better, "routes": Said(ONLINE)})
    told: list[int] = []

    with best.watch(lambda: told.append(1)):
        assert best.look().online is True
        better.become(Conditions(online=False, name="better"))
        assert (best.look().name, len(told)) == ("better", 1)
        better.become(UNKNOWN)
        assert (best.look().online, len(told)) == (True, 2)


def test_one_that_fails_is_passed_by() -> None:
    class Broken(Said):
        def look(self) -> Conditions:
            raise ImportError("its library is not there")

        def watch(self, changed: Callable[[], None]):  # type: ignore[no-untyped-def]
            raise ImportError("its library is not there")

    best = BestNetwork({"broken": Broken(), "routes": Said(OFFLINE)})

    with best.watch(lambda: None):
        assert best.look() == OFFLINE


def test_where_nobody_knows_anything_nothing_is_known() -> None:
    assert BestNetwork({}).look() == Conditions(name="auto")


@pytest.mark.parametrize(
    ("environment", "flatpak", "names"),
    [
        ({}, False, ["networkmanager", "routes"]),
        ({"SNAP": "/snap/x"}, False, ["portal", "networkmanager", "routes"]),
        ({}, True, ["portal", "networkmanager", "routes"]),
    ],
    ids=["machine", "snap", "flatpak"],
)  # fmt: skip
def test_in_a_sandbox_the_portal_is_asked_first(tmp_path, environment, flatpak, names) -> None:  # type: ignore[no-untyped-def]
    mark = tmp_path / "flatpak-info"
    if flatpak:
        mark.touch()

    assert preferred({"portal", "routes", "networkmanager", "stranger"}, environment, flatpak=str(mark)) == names


# -- who is near


@pytest.mark.parametrize(("host", "near"), [("localhost", True), ("127.0.0.1", True), ("192.168.7.7", True), ("192.88.99.1", False), ("nobody.invalid", False)])
def test_a_name_is_near_when_all_of_its_addresses_are(host: str, near: bool) -> None:
    assert resolves_near(host) is near


@pytest.mark.parametrize("address", ["203.0.113.7", "198.18.0.7", "198.51.100.7", "0.0.0.0", "240.0.0.1", "2001:db8::7", "172.32.0.1", "::ffff:8.8.8.8"])
def test_a_name_that_leads_to_an_address_of_no_network_at_hand_is_not_near(address: str) -> None:
    assert not resolves_near(address)


@pytest.mark.parametrize("address", ["100.64.0.7", "100.127.255.1", "10.1.2.3", "172.31.0.1", "fd7a:115c:a1e0::7", "fe80::7", "::1", "::ffff:192.168.0.7"])
def test_a_shared_or_a_private_address_is_near(address: str) -> None:
    assert resolves_near(address) and is_local(f"http://{f'[{address}]' if ':' in address else address}/in/")


def test_whoever_asks_is_answered_at_once_and_told_when_it_is_known() -> None:
    found = threading.Event()
    neighbors = Neighbors(lambda: {"nas": Destination(url="http://localhost:9/in/", transport="http", name="nas")}, found.set)

    assert neighbors.near("nas") is False
    assert found.wait(SOON)

    assert neighbors.near("nas") and neighbors.near("http://localhost:80")
    assert not neighbors.near("unknown") and not neighbors.near("http://nobody.invalid")


def test_a_bucket_is_where_its_endpoint_is() -> None:
    bucket = Destination(url="s3://bucket/in/", transport="s3", name="b", options={"endpoint_url": "http://192.168.0.7:9000"})

    assert is_local(asked_at(bucket)) and not is_local(bucket.url)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://printer.local/in/", True), ("http://nas/in/", True), ("http://nas.home.arpa./in/", True), ("http://[fe80::1]/", True),
        ("http://10.0.0.1/", True), ("http://far.example/", False), ("http://notlocal/", True), ("http://mylocal.example/", False),
        ("s3://bucket/in/", False), ("http://[2001:4860:4860::8888]/", False), ("http://8.8.8.8/", False),
    ],
)  # fmt: skip
def test_the_network_at_hand_is_known_by_address_and_by_name(url: str, local: bool) -> None:
    assert is_local(url) is local
