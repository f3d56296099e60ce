"""Since when there is no network, for a host that begins anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sendoff.model.change import SaveNote
from sendoff.model.moment import moment
from sendoff.runtime.last_network import NOTE
from sendoff.testing.fake_network import ToldNetwork

from tests.core.owned import Owned, eventually

FAR = "plain://far.example/"


def since(owned: Owned, id: str) -> str:
    found = owned.until(id, "paused_no_network", reason="offline")["waiting_since"]
    assert found
    return str(found)


@pytest.fixture
def network():
    made = ToldNetwork()
    made.become(online=False)
    return made


@pytest.fixture
def owned(tmp_path, network):
    with Owned(tmp_path, network=network) as made:
        yield made


def kept(owned: Owned) -> Any:
    return owned.store.note(NOTE, [NOTE]).get(NOTE)


def test_a_host_that_begins_anew_still_says_since_when_there_is_no_network(owned):
    id = owned.put(owned.file(), f"{FAR}a")
    began = datetime.fromisoformat(since(owned, id))
    note = eventually(lambda: kept(owned))
    earlier = {**note.value, "since": note.value["since"] - moment(86400.0)}
    owned.store.commit([[SaveNote(kind=NOTE, key=NOTE, value=earlier)]], synced=True)

    for _ in range(2):
        owned.reopen()
        eventually(lambda: owned.owner._conductor.conditions.online is False)
        told = datetime.fromisoformat(since(owned, id))
        assert abs(began - timedelta(days=1) - told) < timedelta(seconds=1)


def test_another_network_than_before_began_with_the_host(owned, network):
    id = owned.put(owned.file(), f"{FAR}a")
    before = since(owned, id)
    eventually(lambda: kept(owned))
    owned.close()

    network.become(online=False, metered=True)
    owned.open()

    eventually(lambda: owned.owner._conductor.conditions.online is False)
    assert since(owned, id) > before


def test_what_another_version_kept_is_no_obstacle(owned):
    id = owned.put(owned.file(), f"{FAR}a")
    since(owned, id)
    owned.store.commit([[SaveNote(kind=NOTE, key=NOTE, value={"since": "yesterday"})]], synced=True)

    owned.reopen()

    eventually(lambda: owned.owner._conductor.conditions.online is False)
    assert since(owned, id)
