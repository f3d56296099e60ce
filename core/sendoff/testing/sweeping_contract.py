"""What every transport promises that sees what lies unfinished at its server. Subclass ``SweepingContract``; give it a ``world``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sendoff.errors import Transient
from sendoff.ports.transport import Aborting, Sweeping
from sendoff.testing.transport_contract import LARGE, Ship, Shipyard
from sendoff.testing.world import World

HALF_WAY = LARGE // 2


class SweepingContract:
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``; a file of 24 MiB is one that goes on after a break."""

    @pytest.fixture
    def ship(self, world: World, tmp_path: Path) -> Any:
        """Makes a shipment of so many random bytes to a fresh name; closed in the end."""
        with Shipyard(world, tmp_path) as yard:
            yield yard

    def test_what_a_broken_try_has_left_is_listed_under_the_id_that_was_recorded(self, world: World, ship: Shipyard) -> None:
        shipment = broken_off(world, ship)

        found = {(leftover.url, leftover.session.data["id"]) for leftover in _sweeping(world).leftovers()}

        assert found == {(shipment.target.url, shipment.checkpoints[-1].data["id"])}

    def test_what_is_listed_can_be_removed_and_is_listed_no_more(self, world: World, ship: Shipyard) -> None:
        broken_off(world, ship)
        transport = _sweeping(world)
        assert isinstance(transport, Aborting)

        for leftover in transport.leftovers():
            transport.abort(leftover)

        assert list(transport.leftovers()) == []

    def test_what_has_arrived_is_not_listed(self, world: World, ship: Shipyard) -> None:
        world.transport.send(ship(LARGE))

        assert list(_sweeping(world).leftovers()) == []


def broken_off(world: World, ship: Shipyard) -> Ship:
    """A shipment whose connection broke half way."""
    shipment = ship(LARGE)
    world.break_off(HALF_WAY)
    with pytest.raises(Transient):
        world.transport.send(shipment)
    return shipment


def _sweeping(world: World) -> Sweeping:
    assert isinstance(world.transport, Sweeping)
    return world.transport
