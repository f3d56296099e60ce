"""What every transport promises about what is asked of an upload. Subclass ``VerifyingContract``; give it a ``world``."""

from __future__ import annotations

import hashlib

import pytest

from sendoff.errors import InvalidArgument, TargetExists, Unverified
from sendoff.model.delivery import Delivery, Demand
from sendoff.testing.transport_contract import Ship, Shipyard, TransportBench
from sendoff.testing.world import World

BEST = ("accepted", "size", "part-digests", "server-digest", "read-back")  # what was seen, the least first
LEAST = {"auto": "accepted", "size": "size", "digest": "part-digests", "read-back": "read-back"}
SIZE = 100_003


class VerifyingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``.

    Who cannot do what is asked says so (``InvalidArgument``, ``Unverified``); what is never allowed is to do less in silence.

    Example::

        class TestMyTransport(VerifyingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    @pytest.mark.parametrize("verify", sorted(LEAST))
    def test_what_was_seen_is_no_less_than_what_was_asked_for(self, world: World, ship: Shipyard, verify: str) -> None:
        shipment = ship(SIZE, demand=Demand(verify=verify))

        delivery = delivered(world, shipment)

        if delivery is not None:
            assert BEST.index(delivery.verified) >= BEST.index(LEAST[verify])
            assert world.landed(shipment.target) == shipment.path.read_bytes()

    @pytest.mark.parametrize("digest", ["auto", "none", "sha256"])
    def test_a_digest_that_is_told_is_that_of_the_bytes(self, world: World, ship: Shipyard, digest: str) -> None:
        shipment = ship(SIZE, demand=Demand(digest=digest))

        delivery = delivered(world, shipment)

        known = {name: value for name, value in (delivery.digests if delivery else {}).items() if name in hashlib.algorithms_guaranteed}
        assert known == {name: hashlib.new(name, shipment.path.read_bytes()).hexdigest() for name in known}
        assert delivery is None or digest != "sha256" or "sha256" in known, "a digest was asked for, and none is told"

    def test_what_is_there_stays_where_it_must_not_be_overwritten(self, world: World, ship: Shipyard) -> None:
        first, second = ship(SIZE, name="taken"), ship(SIZE, name="taken", demand=Demand(existing="fail"))
        world.transport.send(first)

        try:
            delivery = world.transport.send(second)
        except (TargetExists, InvalidArgument):
            assert world.landed(first.target) == first.path.read_bytes()
        else:
            assert delivery.existing == "unconfirmed", "it was overwritten, and nobody was told"

    def test_what_is_there_is_passed_by_where_that_was_asked_for(self, world: World, ship: Shipyard) -> None:
        first, second = ship(SIZE, name="taken"), ship(SIZE, name="taken", demand=Demand(existing="skip"))
        world.transport.send(first)

        delivery = delivered(world, second)

        assert delivery is None or delivery.existing in ("skipped", "unconfirmed")
        if delivery is None or delivery.existing == "skipped":
            assert world.landed(first.target) == first.path.read_bytes()

    @pytest.mark.parametrize("existing", ["fail", "skip"])
    def test_where_nothing_is_it_arrives(self, world: World, ship: Shipyard, existing: str) -> None:
        shipment = ship(SIZE, demand=Demand(existing=existing))

        delivery = delivered(world, shipment)

        if delivery is not None:
            assert delivery.existing != "skipped"
            assert world.landed(shipment.target) == shipment.path.read_bytes()


def delivered(world: World, shipment: Ship) -> Delivery | None:
    """What was seen of it; None where the transport says that it cannot do what is asked. Any other error is no such word.

    Example: ``delivered(world, ship(1000, demand=Demand(verify="size")))`` has ``verified`` of at least ``"size"``.
    """
    try:
        return world.transport.send(shipment)
    except (InvalidArgument, Unverified) as refusal:
        assert refusal.message, "who refuses says why"
        return None
