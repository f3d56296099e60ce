"""A Nextcloud, uploads to it through the HTTP transport that is installed, and tries of them."""

from importlib.metadata import entry_points
from pathlib import PurePosixPath
from random import Random

import pytest
from sendoff import Credential, Demand, Destination, Secret
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit

from contrib.http_protocols.nextcloud.tests.cloud import PASSWORD, USER, Cloud

MIB = 2**20
CHUNK = 5 * MIB
SIZE = 2 * CHUNK + 1234  # three chunks
LOGIN = Credential(kind="basic", username=USER, secret=Secret(PASSWORD))


def transport_to(url, *, exact=False, credentials=None, options=None, **settings):
    """The installed HTTP transport, told to speak to a Nextcloud."""
    (entry,) = entry_points(group="sendoff.transports", name="http")
    kind = entry.load()
    made = kind.Settings(protocol="nextcloud", protocol_options={"assembling": 0, **(options or {})}, **settings)
    destination = Destination(url=url, transport="http", exact=exact, cleartext=True)
    return kind(destination, made, loose_toolkit(credential=credentials or Wallet()))


class Upload:
    """One operation: a source, and tries that go on where the one before was."""

    def __init__(self, lab, cloud, size=SIZE, name="dest/file.zip", *, demand=None, method=None, credentials=None, **words):
        self.cloud, self.transport = cloud, lab.transport(cloud, **words)
        self.path = lab.folder / f"source-{len(lab.made)}"
        self.path.write_bytes(lab.random.randbytes(size) if isinstance(size, int) else size)
        self.content = self.path.read_bytes()
        self.shipment = LooseShipment(
            path=self.path, target=self.transport.target(PurePosixPath(name)), root=cloud.url, name=PurePosixPath(name), demand=demand or Demand(),
            method=method, credentials=credentials or Wallet(),
        )  # fmt: skip
        lab.made.append(self.shipment)

    def send(self):
        """One try; the next one begins with what this one left."""
        return self.transport.send(self.shipment)

    def again(self):
        """As after a restart: the session as it was recorded or confirmed last, nothing else."""
        self.shipment.confirmed.clear()
        return self.send()

    @property
    def folder(self):
        return self.shipment.session.data["url"].rpartition("/")[2]


class Lab:
    """Makes what a test needs, and puts it away."""

    def __init__(self, folder):
        self.folder, self.made, self.random = folder, [], Random(7)

    def cloud(self, **words):
        made = Cloud(**words)
        self.made.append(made)
        return made

    def transport(self, cloud, **words):
        made = transport_to(words.pop("url", cloud.url), **words)
        self.made.append(made)
        return made

    def upload(self, cloud, *words, **more):
        return Upload(self, cloud, *words, **more)

    def close(self):
        for one in reversed(self.made):
            one.close()


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture(params=[False, True], ids=["chunks are files", "chunks are parts"])
def cloud(lab, request):
    """A Nextcloud, once as it is with a disk, once as it is with an object store."""
    return lab.cloud(parts=request.param)
