"""The S3 transport keeps what every transport promises."""

import socket
from urllib.parse import unquote

import pytest
from sendoff.model.destination import Destination
from sendoff.testing.aborting_contract import AbortingContract
from sendoff.testing.probing_contract import ProbingContract
from sendoff.testing.resuming_contract import ResumingContract
from sendoff.testing.shipment import Wallet, loose_toolkit
from sendoff.testing.sweeping_contract import SweepingContract
from sendoff.testing.transport_contract import TransportContract
from sendoff.testing.verifying_contract import VerifyingContract
from sendoff_s3 import S3Transport, Settings

from plugins.transports.s3.tests.conftest import LOGIN
from plugins.transports.s3.tests.fake_s3 import BUCKET, FakeS3


class S3World:
    """A world around the strict server, as ``World`` says."""

    def __init__(self):
        self.server, self._strict, self._made = FakeS3(smallest=5 * 2**20).__enter__(), FakeS3(keys={}).__enter__(), []
        self.transport = self._to(self.server.url, Wallet(LOGIN))

    def _to(self, url, credentials):
        destination = Destination(url=f"s3://{BUCKET}/root/", transport="s3", credential="wallet")
        transport = S3Transport(destination, Settings(endpoint_url=url), loose_toolkit(credential=credentials))
        self._made.append(transport)
        return transport

    def landed(self, target):
        return self.server.body(unquote(target.url.removeprefix(f"s3://{BUCKET}/")))

    def named(self, name):
        return self.server.body(f"root/{name}")

    def break_off(self, at):
        self.server.fault("body", "reset", at=at)

    def stop_reading(self, at):
        self.server.fault("body", "stall", at=at)

    def hang_up(self):
        self.server.hang_up()

    def arrived(self, count):
        self.server.wait_for(lambda: any(one.received >= count for one in self.server.seen))

    def refusing(self, credentials):
        return self._to(self._strict.url, credentials)

    def nobody(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return self._to(f"http://127.0.0.1:{probe.getsockname()[1]}", Wallet(LOGIN))

    def close(self):
        for transport in self._made:
            transport.close()
        self.server.close()
        self._strict.close()


class PartWorld(S3World):
    """What breaks is the part that is read just now."""

    def hang_up(self):
        self.server.fault("body", "reset", at=0)


@pytest.fixture
def world():
    world = S3World()
    yield world
    world.close()


class TestS3Transport(TransportContract):
    """Sends."""


class PartWorlds:
    @pytest.fixture
    def world(self):
        world = PartWorld()
        yield world
        world.close()


class TestS3Sweeping(PartWorlds, SweepingContract):
    """Sees what lies unfinished."""


class TestS3Resuming(PartWorlds, ResumingContract):
    """Goes on."""


class TestS3Aborting(PartWorlds, AbortingContract):
    """Lets go."""


class TestS3Probing(PartWorlds, ProbingContract):
    """Asks without sending."""


class TestS3Verifying(VerifyingContract):
    """Does what is asked of it, or says that it cannot."""
