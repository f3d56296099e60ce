"""The HTTP transport keeps what every transport promises, by whichever protocol."""

import pytest
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.world import ReceiverWorld
from sendoff_http import HttpTransport, Settings

from plugins.transports.http.tests.worlds import RufhWorld


def made(**settings):
    return lambda destination, credentials: HttpTransport(destination, Settings(**settings), loose_toolkit(credential=credentials))


def lasting(world):
    yield world
    world.close()


class TestPlain(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(protocol="plain"), tmp_path / "in"))


class TestTus(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(protocol="tus"), tmp_path / "in", tus=True))


class TestRufh(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(RufhWorld(made(protocol="rufh"), tmp_path / "in"))


class TestAuto(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(resume_from=4096), tmp_path / "in", tus=True))
