"""Speaking to a Nextcloud, the HTTP transport keeps what every transport promises."""

import pytest
from sendoff.testing.transport_contract import TransportContract

from contrib.http_protocols.nextcloud.tests.world import CloudWorld


class TestNextcloud(TransportContract):
    @pytest.fixture
    def world(self):
        world = CloudWorld()
        yield world
        world.close()
