"""What every transport promises that can ask without sending. Subclass ``ProbingContract``; give it a ``world``."""

from __future__ import annotations

import pytest

from sendoff.errors import NeedsPerson, Unreachable, to_json
from sendoff.ports.transport import Probing, Transport
from sendoff.testing.shipment import Wallet
from sendoff.testing.transport_contract import Shipyard, TransportBench
from sendoff.testing.world import CANARY, World, canary


class ProbingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``.

    Example::

        class TestMyTransport(ProbingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    def test_a_place_that_is_there_is_reachable(self, world: World) -> None:
        found = probing(world.transport).probe()

        assert found.reachable is True
        assert found.writable is not False

    def test_to_ask_changes_nothing(self, world: World, ship: Shipyard) -> None:
        shipment = ship(1000)
        world.transport.send(shipment)

        probing(world.transport).probe()
        probing(world.transport).probe()

        assert world.landed(shipment.target) == shipment.path.read_bytes()

    def test_where_it_says_that_it_resumes_a_broken_upload_has_a_session(self, world: World, ship: Shipyard) -> None:
        found = probing(world.transport).probe()

        shipment = ship.broken_off()

        assert found.resumable in (None, shipment.session is not None)

    def test_a_place_where_nobody_listens_is_unreachable(self, world: World) -> None:
        with pytest.raises(Unreachable):
            probing(world.nobody()).probe()

    def test_a_refused_login_is_told_and_shows_no_secret(self, world: World) -> None:
        """By an error that asks for a person, or as a place that is not writable."""
        try:
            found = probing(world.refusing(Wallet(canary()))).probe()
        except NeedsPerson as error:
            assert CANARY not in f"{error!r} {to_json(error)} {error.__cause__}"
        else:
            assert found.writable is not True and found.detail, "nobody would know why nothing arrives"
            assert CANARY not in found.detail


def probing(transport: Transport) -> Probing:
    """The transport, which says of itself that it can ask."""
    assert isinstance(transport, Probing)
    return transport
