"""A destination on a private network that only its name leads to, while there is no way out."""

from __future__ import annotations

from collections import Counter

import pytest
from sendoff.errors import Unreachable
from sendoff.runtime import neighbors
from sendoff.testing.fake_network import ToldNetwork

from tests.core.owned import ENDED, Owned, eventually

NAS, FAR = "plain://nas.corp.example/", "plain://far.corp.example/"
ONE_TRY = '[network]\nsettle = "0s"\n[retry]\npatience = 0\nattempts = 1\nbackoff = ["0.02s", "0.05s"]\n'


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An owner without a way out, on whose network one name leads to a neighbor."""
    monkeypatch.setattr(neighbors, "resolves_near", lambda host: host == "nas.corp.example")
    network = ToldNetwork()
    network.become(online=False)
    with Owned(tmp_path, config=ONE_TRY, network=network) as made:
        yield made


def test_its_tries_are_not_spent_while_the_network_at_hand_is_away(offline):
    tries: Counter[str] = Counter()

    def away(_point: str, id: str) -> None:
        tries[id] += 1
        if tries[id] <= 4:
            raise Unreachable("nothing answers there")

    offline.server.point = away
    id = offline.put(offline.file(), f"{NAS}a")

    eventually(lambda: tries[id] > 4 or offline.view(id)["status"] in ENDED)

    assert offline.done(id)["receipt"]["size"] == 1000


def test_what_arrives_there_does_not_show_that_there_is_a_way_out(offline):
    far = offline.put(offline.file(), f"{FAR}a")
    offline.until(far, "paused_no_network", reason="offline")

    for number in range(3):
        offline.done(offline.put(offline.file(), f"{NAS}{number}"))

    assert offline.view(far)["status"] == "paused_no_network"
    assert "resumed" not in offline.types(far)
