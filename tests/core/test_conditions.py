"""Since when the network is as it is."""

from dataclasses import replace

from sendoff.model.conditions import Conditions
from sendoff.policy.cost import stamped

OFFLINE = Conditions(online=False, name="home")


def test_since_is_kept_while_reachability_and_cost_stay_the_same() -> None:
    first = stamped(OFFLINE, Conditions(), 10)

    assert first.since == 10
    assert stamped(replace(OFFLINE, name="work", power=False), first, 20) == replace(OFFLINE, name="work", power=False, since=10)


def test_another_reachability_or_cost_begins_anew() -> None:
    first = stamped(OFFLINE, Conditions(), 10)

    assert stamped(Conditions(online=True), first, 20).since == 20
    assert stamped(Conditions(online=False, metered=True), first, 30).since == 30
