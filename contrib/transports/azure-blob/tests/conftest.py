"""An Azurite, a way to it on which connections break, transports to it, and shipments."""

import os
from dataclasses import replace
from itertools import count
from pathlib import PurePosixPath

import pytest
from sendoff import Credential, Destination, Secret, Transient
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit
from sendoff_azure_blob import AzureBlobTransport, Settings

from tests.servers.azurite import ACCOUNT, CONTAINER, KEY, Azurite
from tests.servers.proxy import CountingProxy

MIB = 2**20
LOGIN = Credential(username=ACCOUNT, secret=Secret(KEY))
_NAMES = count()


class Lab:
    """Makes transports and shipments for one test, and puts all of them away. ``root``: a folder of this test alone."""

    def __init__(self, folder, server):
        self.folder, self.server, self.learned, self._open = folder, server, None, []
        self.prefix = f"test-{next(_NAMES)}"
        self.root = f"azure://{ACCOUNT}/{CONTAINER}/{self.prefix}/"

    def proxy(self, **words):
        proxy = CountingProxy("127.0.0.1", self.server.port, **words).open()
        self._open.append(proxy)
        return proxy

    def transport(self, through=None, *credentials, root=None, wallet=None, environment=None, rules=None, exact=False, cleartext=False, **settings):
        url = f"http://127.0.0.1:{(through or self.server).port}/{ACCOUNT}"
        toolkit = loose_toolkit(credential=wallet or Wallet(*(credentials or (LOGIN,))), environment=environment, rules=rules)
        if self.learned is not None:
            toolkit = replace(toolkit, learned=self.learned)
        self.learned = toolkit.learned
        destination = Destination(url=root or self.root, transport="azure-blob", credential="wallet", exact=exact, cleartext=cleartext)
        transport = AzureBlobTransport(destination, Settings(**{"endpoint_url": url, "block_size": MIB, **settings}), toolkit)
        self._open.append(transport)
        return transport

    def shipment(self, transport, size=3 * MIB + 5, name="thing", **words):
        path = self.folder / f"source-{len(self._open)}"
        path.write_bytes(os.urandom(size) if isinstance(size, int) else size)
        return self.of(transport, path, name=name, **words)

    def of(self, transport, path, name="thing", attempts=1, **words):
        name = PurePosixPath(name)
        shipment = LooseShipment(path=path, name=name, target=transport.target(name), credentials=transport.toolkit.credential, **words)
        shipment.operation = replace(shipment.operation, tally=replace(shipment.operation.tally, attempts=attempts))
        self._open.append(shipment)
        return shipment

    def again(self, transport, shipment, **words):
        """The next try of the same operation, in what may be another process."""
        session = shipment.checkpoints[-1] if shipment.checkpoints else shipment.session
        words = {"demand": shipment.demand, "lanes": shipment.lanes, "session": session, "attempts": shipment.operation.tally.attempts + 1, **words}
        return self.of(transport, shipment.path, name=shipment.name, **words)

    @staticmethod
    def fails(transport, shipment, error=Transient):
        """The error that a try ends with."""
        with pytest.raises(error) as caught:
            transport.send(shipment)
        return caught.value

    # -- what the server has of this test's

    def body(self, name="thing"):
        return self.server.body(f"{self.prefix}/{name}")

    def waiting(self, name="thing"):
        return self.server.waiting(f"{self.prefix}/{name}")

    def blob(self, name="thing"):
        return self.server.blob(f"{self.prefix}/{name}")

    def close(self):
        for one in reversed(self._open):
            one.close()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory):
    with Azurite(tmp_path_factory.mktemp("azurite")) as server:
        yield server


@pytest.fixture
def lab(tmp_path, azurite):
    lab = Lab(tmp_path, azurite)
    yield lab
    lab.close()
