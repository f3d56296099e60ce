"""Everything of an app goes, and nothing else."""

import json
import os
import shutil

import pytest
from sendoff.desk.lock import Lock

from tests.end_to_end.machine import Machine

NOWHERE = "http://127.0.0.1:9/"


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    yield made
    made.tried("host", "stop")


def keys(machine):
    folder = machine.config.parent / "keys"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.parity("F170", "F171")
def test_everything_goes_and_the_host_with_it(machine):
    machine.put(machine.file(), NOWHERE, "--header-secret", "X-Key: env:X", X="hush")
    machine.run("put", "-", f"{NOWHERE}b", feed="from standard input")
    assert keys(machine) and machine.spooled()

    said = machine.run("purge", "--yes")

    assert not machine.state.exists() and not keys(machine)
    assert "2 uploads of default not ended yet" in said.stderr and "removed" in said.stderr and "is gone" in said.stderr
    assert machine.config.parent.exists(), "the configuration is not the app's"
    assert machine.stored() == [], "and one begins anew"


def test_without_a_host_the_journal_itself_says_what_is_lost(machine):
    machine.put(machine.file(), NOWHERE)
    machine.run("host", "stop")

    (found,) = machine.objects("purge", "--yes")

    assert (found["open"], found["at_servers"], found["left"]) == (1, 0, []) and found["files"] >= 3
    assert not machine.state.exists()


def test_it_is_asked_for_and_nothing_happens_without_an_answer(machine):
    machine.put(machine.file(), NOWHERE)

    refused = machine.tried("purge", "--json")

    assert refused.returncode == 2 and "--yes" in json.loads(refused.stderr.splitlines()[-1])["error"]["hint"]
    assert len(machine.stored()) == 1


def test_on_a_terminal_the_name_is_typed(machine):
    machine.put(machine.file(), NOWHERE)

    assert machine_typed(machine, "no\n") == 2 and machine.state.exists()
    assert machine_typed(machine, "default\n") == 0 and not machine.state.exists()


def machine_typed(machine, text):
    """``sendoff purge`` on a terminal where somebody types; its exit code."""
    ours, theirs = os.openpty()
    with machine.begin("purge", stdin=theirs) as purging:
        os.close(theirs)
        os.write(ours, text.encode())
        purging.communicate(timeout=60)
    os.close(ours)
    return purging.returncode


def test_what_is_not_sendoffs_stays_and_is_named(machine):
    machine.put(machine.file(), NOWHERE)
    mine = [machine.state / "notes.txt", machine.state / "responses" / "mine", machine.state / "spool" / "folder" / "x"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")

    said = machine.run("purge", "--yes")

    assert sorted(str(path) for path in machine.state.rglob("*") if path.is_file()) == sorted(map(str, mine))
    assert all(str(path) in said.stderr for path in mine)


def test_a_key_that_was_given_stays(machine, tmp_path):
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    given = {"SENDOFF_KEY_FILE": str(key)}
    machine.put(machine.file(), NOWHERE, "--header-secret", "X-Key: env:X", X="hush", **given)

    said = machine.run("purge", "--yes", **given)

    assert key.exists() and f"the key in {key} was given to sendoff and stays" in said.stderr


def test_the_key_of_another_app_stays(machine):
    machine.put(machine.file(), NOWHERE, "--header-secret", "X-Key: env:X", X="hush")
    other = {"SENDOFF_STATE_DIR": str(machine.folder / "other")}
    machine.run("put", machine.file("b"), NOWHERE, "--header-secret", "X-Key: env:X", X="hush", **other)
    assert len(keys(machine)) == 2

    machine.run("purge", "--yes", **other)

    assert len(keys(machine)) == 1 and len(machine.stored()) == 1


def test_nothing_is_nothing(machine):
    assert "does not exist" in machine.run("purge").stderr
    assert not machine.state.exists()


@pytest.mark.only_with(store="sqlite")
def test_a_journal_that_cannot_be_read_goes_too_and_its_key_is_named(machine):
    machine.put(machine.file(), NOWHERE)
    machine.run("host", "stop")
    (machine.state / "journal.db").write_bytes(b"this is no database")

    said = machine.run("purge", "--yes")

    assert not machine.state.exists() and "what would be lost cannot be said" in said.stderr and "its key, if it has one, stays" in said.stderr


@pytest.mark.parity("F170")
@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemd is not installed: apt install systemd")
def test_the_unit_that_starts_its_host_goes_too(machine):
    (installed,) = machine.objects("host", "install")
    assert os.path.exists(installed["path"])

    said = machine.run("purge", "--yes")

    assert not os.path.lexists(installed["path"]) and f"removed {installed['path']}" in said.stderr
    assert not [path for path in (machine.folder / "config").rglob("*.service") if path.is_symlink()]


@pytest.mark.only_with(store="sqlite")
@pytest.mark.campaign
def test_whoever_holds_the_place_is_named(machine):
    machine.run("host", "start")
    machine.run("host", "stop")
    role = Lock(str(machine.state / "host.lock"))
    assert role.take(5)
    try:
        refused = machine.tried("purge", "--yes")
        assert refused.returncode == 5 and str(os.getpid()) in refused.stderr
        assert (machine.state / "journal.db").exists()
    finally:
        role.release()
