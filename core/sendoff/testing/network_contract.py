"""What every network promises."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import pytest

from sendoff.model.conditions import Conditions
from sendoff.ports.network import Network
from sendoff.ports.toolkit import Toolkit
from sendoff.testing.driver_contract import DriverContract

AT_MOST = 2.0


class NetworkContract(DriverContract):
    """Provide ``driver``, ``options`` and ``blind``: options with which it can see nothing.

    Example::

        class TestMine(NetworkContract):
            @pytest.fixture
            def driver(self):
                return MyNetwork

            @pytest.fixture
            def blind(self):
                return {"path": "/nowhere"}
    """

    @pytest.fixture
    def blind(self) -> dict[str, Any]:
        """Options with which it can see nothing."""
        raise pytest.UsageError("a network contract needs the fixture `blind`")

    @pytest.fixture
    def network(self, made: Network) -> Network:
        """The network itself."""
        return made

    def test_it_answers_in_time_with_known_or_unknown(self, network: Network) -> None:
        began = time.monotonic()
        found = network.look()

        assert time.monotonic() - began < AT_MOST
        assert isinstance(found, Conditions)
        assert all(getattr(found, one.name) in (True, False, None) for one in fields(found) if one.name not in ("name", "since"))
        assert found.since is None, "since is stamped by the core"

    def test_it_says_who_said_so(self, network: Network) -> None:
        assert network.look().name

    def test_what_it_cannot_see_is_unknown_and_allows(self, driver: Any, blind: dict[str, Any], toolkit: Toolkit) -> None:
        found = driver(driver.Settings(**blind), toolkit).look()

        assert found.online is not False
        assert not any((found.portal, found.metered, found.roaming, found.over_limit, found.restricted))

    def test_several_threads_may_look(self, network: Network) -> None:
        with ThreadPoolExecutor(4) as pool:
            found = {done.result() for done in [pool.submit(network.look) for _ in range(16)]}

        assert len(found) == 1
