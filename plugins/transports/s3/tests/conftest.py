"""A strict S3, transports to it, and shipments."""

import os
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from sendoff import Transient
from sendoff.model.destination import Destination
from sendoff.model.secret import Credential, Secret
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit
from sendoff_s3 import S3Transport, Settings
from sendoff_s3.address import place_of

from plugins.transports.s3.tests.fake_s3 import BUCKET, FakeS3

MIB = 2**20
LOGIN = Credential(username="test", secret=Secret("test12345"))


class Lab:
    """Makes servers, transports and shipments for one test, and puts all of them away."""

    def __init__(self, folder):
        self.folder, self._open, self.learned = folder, [], None

    def server(self, **how):
        server = FakeS3(**how).__enter__()
        self._open.append(server)
        return server

    def transport(self, server, *credentials, root=f"s3://{BUCKET}/", wallet=None, environment=None, rules=None, **settings):
        words = {"endpoint_url": server if isinstance(server, str) else server.url, "part_size": MIB, **settings}
        toolkit = loose_toolkit(credential=wallet or Wallet(*(credentials or (LOGIN,))), environment=environment, rules=rules)
        if self.learned is not None:
            toolkit = replace(toolkit, learned=self.learned)
        self.learned = toolkit.learned
        transport = S3Transport(Destination(url=root, transport="s3", credential="wallet"), Settings(**words), toolkit)
        self._open.append(transport)
        return transport

    def shipment(self, transport, size=3 * MIB + 5, name="thing", attempts=1, **words):
        path = self.folder / f"source-{len(self._open)}"
        if isinstance(size, int):
            path.write_bytes(os.urandom(size))
        else:
            path.write_bytes(size)
        return self.of(transport, path, name=name, attempts=attempts, **words)

    def of(self, transport, path, name="thing", attempts=1, **words):
        shipment = LooseShipment(path=path, target=transport.target(PurePosixPath(name)), credentials=transport.toolkit.credential, **words)
        tally = replace(shipment.operation.tally, attempts=attempts)
        shipment.operation = replace(shipment.operation, tally=tally)
        self._open.append(shipment)
        return shipment

    def again(self, transport, shipment, **words):
        """The next try of the same operation, in what may be another process."""
        session = shipment.checkpoints[-1] if shipment.checkpoints else None
        attempts = shipment.operation.tally.attempts + 1
        words = {"demand": shipment.demand, "lanes": shipment.lanes, "session": session, **words}
        return self.of(transport, shipment.path, name=place_of(shipment.target.url).key, attempts=attempts, **words)

    def close(self):
        for one in reversed(self._open):
            one.close()


def fails(transport, shipment, error=Transient):
    """The error that a try ends with."""
    with pytest.raises(error) as caught:
        transport.send(shipment)
    return caught.value


def parts_sent(server):
    """The numbers of the parts that a server took, in order."""
    return [int(one.query["partNumber"][0]) for one in server.seen if one.operation == "part" and one.status == 200]


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()
