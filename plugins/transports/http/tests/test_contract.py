"""The HTTP transport keeps what every transport promises, by whichever protocol."""

import pytest
from sendoff.testing.probing_contract import ProbingContract
from sendoff.testing.protocol_contract import SessionProtocolContract
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.verifying_contract import VerifyingContract
from sendoff.testing.world import ReceiverWorld
from sendoff_http import HttpTransport, Settings

from plugins.transports.http.tests.worlds import RufhWorld


def made(**settings):
    return lambda destination, credentials: HttpTransport(destination, Settings(**settings), loose_toolkit(credential=credentials))


def lasting(world):
    yield world
    world.close()


class PlainWorlds:
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(protocol="plain"), tmp_path / "in"))


class TusWorlds:
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(protocol="tus"), tmp_path / "in", tus=True))


class RufhWorlds:
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(RufhWorld(made(protocol="rufh"), tmp_path / "in"))


class TestPlain(PlainWorlds, TransportContract):
    """Sends."""


class TestPlainVerifying(PlainWorlds, VerifyingContract):
    """Does what is asked of it, or says that it cannot."""


class TestPlainProbing(PlainWorlds, ProbingContract):
    """Asks without sending."""


class TestTus(TusWorlds, SessionProtocolContract):
    """Sends, goes on, lets go."""


class TestTusVerifying(TusWorlds, VerifyingContract):
    """Does what is asked of it, or says that it cannot."""


class TestRufh(RufhWorlds, SessionProtocolContract):
    """Sends, goes on, lets go."""


class TestRufhVerifying(RufhWorlds, VerifyingContract):
    """Does what is asked of it, or says that it cannot."""


class TestAuto(TransportContract):
    @pytest.fixture
    def world(self, tmp_path):
        yield from lasting(ReceiverWorld(made(resume_from=4096), tmp_path / "in", tus=True))
