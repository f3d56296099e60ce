"""What every transport promises whose sessions leave something at the server. Subclass ``AbortingContract``; give it a ``world``."""

from __future__ import annotations

from contextlib import suppress

from sendoff.errors import SendoffError, SessionLost
from sendoff.model.session import Leftover, Session
from sendoff.ports.transport import Aborting, Sweeping
from sendoff.testing.transport_contract import LARGE, Ship, Shipyard, TransportBench
from sendoff.testing.world import World


class AbortingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``; a file of 24 MiB is one that leaves a session.

    Example::

        class TestMyTransport(AbortingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    def test_what_is_removed_is_not_there_to_go_on_with(self, world: World, ship: Shipyard) -> None:
        """Whoever has the session nevertheless is told so, or sends everything again; it is never guessed what the server has."""
        shipment = ship.broken_off()
        before = shipment.read

        remover(world).abort(left_by(shipment))

        with suppress(SessionLost):
            world.transport.send(shipment)
            assert world.landed(shipment.target) == shipment.path.read_bytes()
            assert shipment.read - before >= LARGE, "the server still had some of it"

    def test_what_is_removed_is_listed_no_more(self, world: World, ship: Shipyard) -> None:
        """Where it can be listed at all."""
        shipment = ship.broken_off()

        remover(world).abort(left_by(shipment))

        if isinstance(world.transport, Sweeping):
            assert list(world.transport.leftovers()) == []
        assert world.landed(shipment.target) is None

    def test_it_may_be_removed_twice(self, world: World, ship: Shipyard) -> None:
        """The first answer may have been lost."""
        shipment = ship.broken_off()
        leftover = left_by(shipment)

        remover(world).abort(leftover)
        remover(world).abort(leftover)

    def test_what_others_have_under_way_is_left_alone(self, world: World, ship: Shipyard) -> None:
        gone, stays = ship.broken_off(), ship.broken_off()
        before = stays.read

        remover(world).abort(left_by(gone))
        world.transport.send(stays)

        assert world.landed(stays.target) == stays.path.read_bytes()
        assert stays.read - before < LARGE

    def test_a_session_of_somebody_else_s_kind_removes_nothing(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()
        before = shipment.read

        with suppress(SendoffError):
            remover(world).abort(Leftover(url=shipment.target.url, session=Session(kind="of-nobody/1", data={"id": "x"}, leaves=True)))
        world.transport.send(shipment)

        assert shipment.read - before < LARGE


def left_by(shipment: Ship) -> Leftover:
    """What a broken try has left at the server."""
    assert shipment.session is not None, "no session was recorded"
    return Leftover(url=shipment.target.url, session=shipment.session, headers=shipment.headers)


def remover(world: World) -> Aborting:
    """The transport, which says of itself that it removes."""
    assert isinstance(world.transport, Aborting)
    return world.transport
