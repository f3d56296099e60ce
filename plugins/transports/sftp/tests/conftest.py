"""Servers to send to, and shipments."""

import os
from pathlib import PurePosixPath

import pytest
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.shipment import LooseShipment

from plugins.transports.sftp.tests.world import OpenSshWorld


def needed():
    how = OpenSsh.missing()
    if how:
        pytest.skip(f"OpenSSH is missing: {how}")


@pytest.fixture
def openssh_world(tmp_path):
    needed()
    world = OpenSshWorld(tmp_path)
    yield world
    world.close()


@pytest.fixture
def ship(tmp_path):
    """Makes a shipment of so many random bytes, or of these; closed in the end."""
    made = []

    def one(transport, size=1000, name="thing", **words):
        path = words.pop("path", None) or tmp_path / f"source-{len(made)}"
        if not path.exists():
            path.write_bytes(os.urandom(size) if isinstance(size, int) else size)
        shipment = LooseShipment(path=path, target=transport.target(PurePosixPath(name)), credentials=transport.toolkit.credential, **words)
        made.append(shipment)
        return shipment

    yield one
    for shipment in made:
        shipment.close()
