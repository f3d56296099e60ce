"""The HTTP transport keeps what every transport promises."""

import pytest
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.world import ReceiverWorld
from sendoff_http import HttpTransport, Settings


class TestHttpTransport(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        world = ReceiverWorld(lambda destination, credentials: HttpTransport(destination, Settings(), loose_toolkit(credential=credentials)), tmp_path / "in")
        yield world
        world.close()
