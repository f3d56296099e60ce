"""Servers to send to, and shipments."""

import os
import socket
import subprocess
from dataclasses import replace
from pathlib import PurePosixPath

import pytest
from sendoff import Credential, Destination, Secret
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.shipment import LooseShipment, Wallet, loose_toolkit
from sendoff_sftp import Settings, SftpTransport

from plugins.transports.sftp.tests.paramiko_server import ParamikoServer
from plugins.transports.sftp.tests.world import OpenSshWorld


def needed():
    how = OpenSsh.missing()
    if how:
        pytest.skip(f"OpenSSH is missing: {how}")


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """Where the keys of most servers lie: they are made once."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def openssh_world(tmp_path, keys):
    needed()
    world = OpenSshWorld(tmp_path, keys)
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
        words.setdefault("root", transport.destination.url)
        shipment = LooseShipment(path=path, target=transport.target(PurePosixPath(name)), credentials=transport.toolkit.credential, **words)
        made.append(shipment)
        return shipment

    yield one
    for shipment in made:
        shipment.close()


@pytest.fixture
def to(request):
    """Makes a transport to an address, with these settings and credentials; closed in the end."""

    def made(url, *credentials, environment=None, trusted=None, rules=None, **settings):
        words = {"ssh_config": "none", "agent": False, "host_keys": (), "make_folders": "all", **settings}
        toolkit = loose_toolkit(credential=Wallet(*credentials), environment=environment, rules=rules)
        if trusted is not None:
            toolkit = replace(toolkit, trusted=trusted)
        transport = SftpTransport(Destination(url=url, transport="sftp"), Settings(**words), toolkit)
        request.addfinalizer(transport.close)
        return transport

    return made


@pytest.fixture
def failing(tmp_path):
    """paramiko's own server, which can be told to fail; everybody's password is ``open``."""
    server = ParamikoServer(tmp_path / "paramiko", passwords={"me": "open"})
    yield server
    server.close()


@pytest.fixture
def to_failing(failing, to):
    def made(**settings):
        credential = Credential(kind="basic", username="me", secret=Secret("open"))
        return to(failing.url(), credential, **{"identity_file": "/nowhere", "host_keys": str(failing.known_hosts), **settings})

    return made


@pytest.fixture
def openssh(tmp_path, keys):
    needed()
    with OpenSsh(tmp_path / "openssh", keys=keys) as server:
        yield server


@pytest.fixture
def to_openssh(openssh, to):
    def made(path="in/", **settings):
        return to(openssh.url(path), **{"identity_file": str(openssh.user_key), "host_keys": str(openssh.known_hosts), **settings})

    return made


def answers(path):
    """An agent's socket has its name before anybody listens there."""
    with socket.socket(socket.AF_UNIX) as one:
        return one.connect_ex(str(path)) == 0


@pytest.fixture
def agent(tmp_path):
    """An agent with these keys; the path of its socket."""
    running = []

    def made(*keys):
        path = tmp_path / "agent"
        running.append(subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL))
        while not answers(path):
            assert running[-1].poll() is None
        for key in keys:
            subprocess.run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": str(path)}, check=True, capture_output=True)
        return str(path)

    yield made
    for one in running:
        one.terminate()
        one.wait()
