"""It keeps what every transport promises, before a real server whose faults are asked for."""

import pytest
from sendoff import Destination, Permanent, Target
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.world import ReceiverWorld
from sendoff_example.transport import ExampleTransport


def made(destination, credentials):
    """A transport to that server; its addresses begin with a word of their own."""
    url = destination.url.replace("http://", "example://")
    settings = ExampleTransport.Settings(timeout=10)
    return ExampleTransport(Destination(url=url, transport="example"), settings, loose_toolkit(credential=credentials))


class ExampleWorld(ReceiverWorld):
    def landed(self, target):
        return super().landed(Target(target.url.replace("example://", "http://")))


class TestExampleTransport(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        world = ExampleWorld(made, tmp_path / "in")
        yield world
        world.close()

    def test_what_it_cannot_promise_is_refused_before_a_byte_goes_out(self, world, ship):
        shipment = ship(1000)
        shipment.demand = type(shipment.demand)(verify="read-back")

        with pytest.raises(Permanent, match="read-back"):
            world.transport.send(shipment)

        assert (shipment.read, world.landed(shipment.target)) == (0, None)
