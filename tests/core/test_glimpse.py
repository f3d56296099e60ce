"""A network that hangs: what it said of cost is believed for a while, for a slow bus makes no network free."""

import threading

import pytest
from sendoff.model.conditions import Conditions
from sendoff.ports.network import Network
from sendoff.runtime import glimpse
from sendoff.runtime.best_network import BestNetwork
from sendoff.runtime.glimpse import Glimpse

from tests.core.owned import eventually

METERED = Conditions(online=True, metered=True, roaming=True, name="mobile")


class Slow(Network):
    """Answers at once, then only when it is let."""

    Settings = dict

    def __init__(self, said: Conditions, *, calls: int = 1) -> None:
        self.said, self.left, self.free = said, calls, threading.Event()

    def look(self) -> Conditions:
        if self.left <= 0:
            self.free.wait(60)
        self.left -= 1
        return self.said

    def close(self) -> None:
        self.free.set()


@pytest.fixture
def slow():
    made = Slow(METERED)
    yield made
    made.close()


def test_one_that_hangs_still_costs_what_it_cost_and_nothing_else_is_known_of_it(slow):
    looking = Glimpse(0.1)
    assert looking.at("n", slow) == METERED

    for _ in range(2):
        assert looking.at("n", slow) == Conditions(metered=True, roaming=True)
        assert looking.hangs("n")

    slow.said = Conditions(online=True, metered=False)
    slow.close()
    eventually(lambda: looking.at("n", slow) == slow.said)
    assert not looking.hangs("n")


def test_after_a_while_it_is_unknown(slow, monkeypatch):
    monkeypatch.setattr(glimpse, "REMEMBERED", 0.0)
    looking = Glimpse(0.1)
    looking.at("n", slow)

    assert looking.at("n", slow) == Conditions()


def test_one_that_has_never_answered_is_unknown():
    silent = Slow(METERED, calls=0)

    assert Glimpse(0.1).at("n", silent, Conditions(name="n")) == Conditions(name="n")
    silent.close()


def test_where_the_best_hangs_another_says_whether_it_can_be_reached_and_the_cost_stays(slow, monkeypatch):
    free = Slow(Conditions(online=True, metered=False, name="other"), calls=99)
    best = BestNetwork({"slow": slow, "free": free})
    best._glimpse = Glimpse(0.1)

    assert best.look() == METERED
    assert best.look() == Conditions(online=True, metered=True, roaming=True, name="other")
