"""Speaking to a Nextcloud, the HTTP transport keeps what every transport promises."""

import pytest
from sendoff.testing.protocol_contract import SessionProtocolContract

from contrib.http_protocols.nextcloud.tests.world import CloudWorld


class TestNextcloud(SessionProtocolContract):
    @pytest.fixture
    def world(self):
        world = CloudWorld()
        yield world
        world.close()
