"""Whoever happens to start a host lends it nothing of who they are: neither their unit's credentials nor its key."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sendoff.testing.receiver import Receiver

from tests.core.owned import eventually
from tests.end_to_end.machine import Machine

KEY = "ab" * 32


@pytest.fixture
def receiver(tmp_path):
    (tmp_path / "received").mkdir()
    with Receiver(tmp_path / "received") as receiver:
        yield receiver


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "machine").mkdir()
    machine = Machine(tmp_path / "machine")
    machine.environment.pop("CREDENTIALS_DIRECTORY", None)
    machine.config.write_text('[network]\nuse = "always-online"\n[retry]\nbackoff = ["0.1s", "0.2s"]\n')
    yield machine
    machine.tried("host", "stop")


@pytest.fixture
def unit(tmp_path):
    """Makes what systemd makes for a unit."""

    def make(name, **credentials):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        for credential, content in credentials.items():
            path = folder / credential.replace("_", "-")
            path.write_text(content)
            path.chmod(0o400)
        return str(folder)

    return make


def proofs(receiver):
    return [request.header("Authorization") for request in receiver.requests if request.method == "PUT"]


def surroundings(pid):
    return dict(entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in entry)


@pytest.mark.fault(97)
def test_a_host_that_a_unit_happened_to_start_has_none_of_its_credentials_for_others(machine, receiver, unit):
    mine, theirs = unit("a", lab="of-unit-a"), unit("b", lab="of-unit-b")
    machine.run("host", "start", CREDENTIALS_DIRECTORY=mine)

    (without,) = machine.put(machine.file(), f"{receiver.url}without", "--credential", "systemd:lab")
    machine.run("wait", without, fine=(6,))
    view = machine.show(without)
    assert (view["status"], view["reason"], view["error"]["code"]) == ("paused_recoverable", "credential_needed", "credential_needed")
    assert proofs(receiver) == []

    for folder in (theirs, mine):
        (own,) = machine.put(machine.file(), f"{receiver.url}{Path(folder).name}", "--credential", "systemd:lab", CREDENTIALS_DIRECTORY=folder)
        machine.run("wait", own)
    assert proofs(receiver) == ["Bearer of-unit-b", "Bearer of-unit-a"]
    assert "CREDENTIALS_DIRECTORY" not in surroundings(machine.host())


@pytest.mark.fault(97)
def test_a_host_that_a_unit_happened_to_start_does_not_seal_with_its_key(machine, receiver, unit):
    """The unit and its key may be gone when the next host opens the journal."""
    machine.run("host", "start", CREDENTIALS_DIRECTORY=unit("a", sendoff_key=KEY))

    (id,) = machine.put(machine.file(), f"{receiver.url}x", "--header-secret", "X-Mine: env:MINE", MINE="a-secret")
    machine.run("wait", id)

    (key,) = (machine.config.parent / "keys").iterdir()
    assert KEY not in key.read_text()


@pytest.mark.fault(97)
def test_a_host_that_is_a_unit_has_the_credentials_of_its_own(machine, receiver, unit):
    own = machine.environment | {"CREDENTIALS_DIRECTORY": unit("a", lab="of-unit-a", sendoff_key=KEY)}
    with subprocess.Popen([sys.executable, "-m", "sendoff", "host", "run"], env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as host:
        try:
            eventually((machine.state / "host.sock").exists)
            (id,) = machine.put(machine.file(), f"{receiver.url}x", "--credential", "systemd:lab", "--header-secret", "X-Mine: env:MINE", MINE="a-secret")
            machine.run("wait", id)
            assert machine.host() == host.pid
        finally:
            host.send_signal(signal.SIGTERM)
    assert proofs(receiver) == ["Bearer of-unit-a"]
    assert not (machine.config.parent / "keys").exists()


def test_a_host_is_told_which_key_store_to_use_and_nothing_else_that_sounds_like_a_key(machine):
    given = {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring", "KEYRING_PROPERTY_KEY": "canary", "MY_KEY": "canary", "PYTHON_KEYRING_TOKEN": "canary"}

    machine.run("host", "start", **given)

    found = surroundings(machine.host())
    assert {name: found[name] for name in given if name in found} == {"PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
