"""What every transport promises that goes on after a break. Subclass ``ResumingContract``; give it a ``world``."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from sendoff.errors import Interrupted
from sendoff.model.session import MOST, Session
from sendoff.testing.transport_contract import LARGE, Ship, Shipyard, TransportBench
from sendoff.testing.world import World


class ResumingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``; a file of 24 MiB is one that goes on after a break.

    keeps: bytes that the server holds at least when a connection broke after three quarters.

    Example::

        class TestGoesOn(ResumingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    keeps: ClassVar[int] = 4 * 2**20

    def test_after_a_break_only_the_rest_is_sent_and_all_of_it_is_there(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()
        before = shipment.read

        delivery = world.transport.send(shipment)

        assert shipment.read - before <= LARGE - self.keeps
        assert (delivery.size, world.landed(shipment.target)) == (LARGE, shipment.path.read_bytes())

    def test_another_process_goes_on_with_what_is_on_record(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()
        world.transport.close()
        other = ship.again(shipment, restored(shipment))

        world.transport.send(other)

        assert other.read <= LARGE - self.keeps
        assert world.landed(shipment.target) == shipment.path.read_bytes()

    def test_a_session_is_small_and_nothing_but_json(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()

        assert shipment.checkpoints, "no session was recorded"
        for session in shipment.checkpoints:
            assert len(json.dumps(dict(session.data)).encode()) <= MOST
            assert json.loads(json.dumps(dict(session.data))) == dict(session.data)

    def test_no_byte_is_sent_before_its_session_is_on_record(self, world: World, ship: Shipyard) -> None:
        shipment = ship(LARGE)
        shipment.no_record = True

        with pytest.raises(Interrupted):
            world.transport.send(shipment)

        assert (shipment.read, world.landed(shipment.target)) == (0, None)

    def test_what_is_confirmed_grows_while_it_is_sent_and_ends_with_the_whole(self, world: World, ship: Shipyard) -> None:
        shipment = ship.broken_off()

        world.transport.send(shipment)

        assert max(shipment.confirmed) == shipment.confirmed[-1] == LARGE
        assert any(0 < total < LARGE for total in shipment.confirmed), "what the server had at the break was never confirmed"


def restored(shipment: Ship) -> Session | None:
    """The session that a shipment recorded last, as it comes back from a disk."""
    found = shipment.session
    return found and Session(kind=found.kind, data=json.loads(json.dumps(dict(found.data))), expires_at=found.expires_at, leaves=found.leaves)
