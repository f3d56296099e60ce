"""The Azure transport keeps what every transport promises, at a real Azurite."""

import itertools
import socket

import pytest
from sendoff import Credential, Destination, Secret
from sendoff.testing.aborting_contract import AbortingContract
from sendoff.testing.probing_contract import ProbingContract
from sendoff.testing.proxy import Proxy
from sendoff.testing.resuming_contract import ResumingContract
from sendoff.testing.shipment import Wallet, loose_toolkit
from sendoff.testing.sweeping_contract import SweepingContract
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.verifying_contract import VerifyingContract
from sendoff_azure_blob import AzureBlobTransport, Settings

from tests.servers.azurite import ACCOUNT, CONTAINER, KEY

pytestmark = pytest.mark.needs_server
WORLDS = itertools.count()


class AzureWorld:
    """A world around an Azurite that is reached through a proxy, as ``World`` says."""

    def __init__(self, server):
        self.server, self._made, self._root = server, [], f"world-{next(WORLDS)}/"
        self._proxy = Proxy(server.port)
        self.transport = self._to(self._proxy.port, Wallet(Credential(username=ACCOUNT, secret=Secret(KEY))))
        self.break_off, self.stop_reading = self._proxy.cut, self._proxy.hush
        self.hang_up, self.arrived = self._proxy.hang_up, self._proxy.arrived

    def _to(self, port, credentials, login="auto"):
        destination = Destination(url=f"azure://{ACCOUNT}/{CONTAINER}/{self._root}", transport="azure-blob", credential="wallet")
        settings = Settings(endpoint_url=f"http://127.0.0.1:{port}/{ACCOUNT}", login=login)
        transport = AzureBlobTransport(destination, settings, loose_toolkit(credential=credentials))
        self._made.append(transport)
        return transport

    def landed(self, target):
        return self.server.body(self.server.name_of(target.url))

    def named(self, name):
        return self.server.body(f"{self._root}{name}")

    def refusing(self, credentials):
        """The secret of these is taken for a signature, which Azurite refuses: so it goes out, and still is seen nowhere."""
        return self._to(self.server.port, credentials, "sas")

    def nobody(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(probe.getsockname()[1], Wallet(Credential(username=ACCOUNT, secret=Secret(KEY))))

    def close(self):
        for transport in self._made:
            transport.close()
        self._proxy.close()


class BreaksAmidARequest(AzureWorld):
    """Where something is read no request is out: a block is read for its MD5 before it goes. So the connections break with the next bytes that go out."""

    def __init__(self, server):
        super().__init__(server)
        self.hang_up = lambda: self._proxy.cut(1000)


@pytest.fixture
def world(azurite):
    world = AzureWorld(azurite)
    yield world
    world.close()


class TestAzureBlobTransport(TransportContract):
    """Sends."""


class TestAzureBlobVerifying(VerifyingContract):
    """Does what is asked of it, or says that it cannot."""


class OfSessions:
    """For the contracts of what is left by a break."""

    @pytest.fixture
    def world(self, azurite):
        world = BreaksAmidARequest(azurite)
        yield world
        world.close()


class TestAzureBlobResuming(OfSessions, ResumingContract):
    """Goes on after a break."""


class TestAzureBlobAborting(OfSessions, AbortingContract):
    """Takes away what it has begun."""


class TestAzureBlobSweeping(OfSessions, SweepingContract):
    """Sees what lies unfinished."""


class TestAzureBlobProbing(OfSessions, ProbingContract):
    """Asks without sending."""
