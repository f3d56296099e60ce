"""What every transport promises that sees what lies unfinished at its server. Subclass ``SweepingContract``; give it a ``world``."""

from __future__ import annotations

from sendoff.ports.transport import Aborting, Sweeping
from sendoff.testing.transport_contract import LARGE, Shipyard, TransportBench
from sendoff.testing.world import World


class SweepingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``; a file of 24 MiB is one that goes on after a break.

    Example::

        class TestMyTransport(SweepingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    def test_what_a_broken_try_has_left_is_listed_under_the_id_that_was_recorded(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()

        found = {(leftover.url, leftover.session.data["id"]) for leftover in _sweeping(world).leftovers()}

        assert found == {(shipment.target.url, shipment.checkpoints[-1].data["id"])}

    def test_what_is_listed_can_be_removed_and_is_listed_no_more(self, world: World, ship: Shipyard) -> None:
        ship.broken_off()
        transport = _sweeping(world)
        assert isinstance(transport, Aborting)

        for leftover in transport.leftovers():
            transport.abort(leftover)

        assert list(transport.leftovers()) == []

    def test_what_has_arrived_is_not_listed(self, world: World, ship: Shipyard) -> None:
        world.transport.send(ship(LARGE))

        assert list(_sweeping(world).leftovers()) == []


def _sweeping(world: World) -> Sweeping:
    assert isinstance(world.transport, Sweeping)
    return world.transport
