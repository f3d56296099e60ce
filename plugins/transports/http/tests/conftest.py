"""A receiver, a transport to it, and shipments."""

from dataclasses import replace
from itertools import count
from pathlib import PurePosixPath

import pytest
from sendoff import Transient
from sendoff.model.destination import Destination
from sendoff.testing.receiver import Receiver
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit
from sendoff.testing.transport_contract import some_bytes
from sendoff_http import HttpTransport, Settings

from plugins.transports.http.tests.spoken import CHUNK
from tests.servers.rufh import RufhServer


class Lab:
    """Makes receivers, transports and shipments for one test, and puts all of them away."""

    def __init__(self, folder):
        self.folder, self._open, self._numbers = folder, [], count()

    def receiver(self, *script, **words):
        receiver = Receiver(words.pop("folder", self.folder / "in"), script=script, counts_questions=True, **words).open()
        self._open.append(receiver)
        return receiver

    def keep(self, one):
        """Something else that is to be closed in the end."""
        self._open.append(one)
        return one

    def transport(self, url, *, credential=None, environment=None, cleartext=False, exact=False, toolkit=None, **settings):
        """toolkit: what of it is to be another, by name."""
        destination = Destination(url=url, transport="http", cleartext=cleartext, exact=exact)
        toolkit = replace(loose_toolkit(credential=credential, environment=environment), **toolkit or {})
        settings.setdefault("protocol", "plain")
        transport = HttpTransport(destination, Settings(**settings), toolkit)
        self._open.append(transport)
        return transport

    def shipment(self, transport, size=1000, name="thing", **words):
        path = self.folder / f"source-{next(self._numbers)}"
        path.write_bytes(some_bytes(size) if isinstance(size, int) else size)
        target = transport.target(PurePosixPath(name))
        root = "" if transport.destination.exact else transport.destination.url
        words = {"name": PurePosixPath(name), "root": root, "credentials": transport.toolkit.credential, **words}
        shipment = LooseShipment(path=path, target=target, **words)
        self._open.append(shipment)
        return shipment

    def again(self, transport, before, **words):
        """The next try of a shipment, as the core would make it: its source, its session, and how far it had come."""
        kept = {
            name: getattr(before, name) for name in ("path", "target", "root", "name", "demand", "session", "furthest", "method", "headers", "idempotency_key")
        }
        shipment = LooseShipment(credentials=transport.toolkit.credential, **{**kept, **words})
        self._open.append(shipment)
        return shipment

    def broken(self, transport, before=None, *, kind=Transient, **words):
        """A try that ends with this kind of error: the error, and the shipment."""
        shipment = before or self.shipment(transport, **words)
        with pytest.raises(kind) as caught:
            transport.send(shipment)
        assert type(caught.value) is kind or kind is Transient, repr(caught.value)
        return caught.value, shipment

    def send(self, receiver, *, size=1000, method=None, demand=None, credentials=(), **settings):
        """One try to a receiver; the shipment keeps what happened."""
        transport = self.transport(receiver.url, credential=Wallet(*credentials), **settings)
        words = {"demand": demand} if demand else {}
        shipment = self.shipment(transport, size, method=method, **words)
        return transport.send(shipment), shipment

    def close(self):
        while self._open:
            self._open.pop().close()


@pytest.fixture
def lab(tmp_path):
    lab = Lab(tmp_path)
    yield lab
    lab.close()


@pytest.fixture
def tus(lab):
    """A receiver that keeps half-done uploads, and a transport to it that sends chunks of ``CHUNK`` bytes."""

    def make(*rules, checksum=False, chunk_size=CHUNK, credential=None, toolkit=None, **words):
        receiver = lab.receiver(*rules, tus=True, **words)
        options = {"checksum": checksum, "chunk_size": chunk_size}
        return receiver, lab.transport(receiver.url, protocol="tus", protocol_options=options, credential=credential, toolkit=toolkit)

    return make


@pytest.fixture
def rufh(lab):
    """The draft's own server, and a transport to it that sends chunks of ``CHUNK`` bytes."""

    def make(*rules, chunk_size=CHUNK, credential=None, interop=9, **words):
        server = lab.keep(RufhServer(lab.folder / "in", script=rules, **words).open())
        options = {"chunk_size": chunk_size, "interop": interop}
        return server, lab.transport(server.url, protocol="rufh", protocol_options=options, credential=credential)

    return make
