"""A credential that is wrong, and then right: the upload waits, says what to do, and goes on."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from sendoff.testing.receiver import Receiver
from sendoff.testing.secret_service import SecretService

from tests.end_to_end.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    yield made
    made.tried("host", "stop")


def test_a_corrected_variable_is_found_by_resume(machine: Machine, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed", authorization="Bearer the-right-token") as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--credential", "env:MY_TOKEN", MY_TOKEN="a-wrong-token")
        waited = machine.run("wait", id, fine=(6,))
        asked = machine.show(id)
        machine.run("resume", id, MY_TOKEN="the-right-token")
        machine.run("wait", id)

    assert f"MY_TOKEN_PASSWORD, then: sendoff resume {asked['number']}" in waited.stderr
    assert (asked["status"], asked["reason"]) == ("paused_recoverable", "credential_needed")
    assert machine.show(id)["status"] == "completed"


def test_what_was_waited_for_leaves_the_list(machine: Machine, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed") as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--wait")

    assert machine.objects("list") == [] and [one["id"] for one in machine.stored()] == [id]


def test_a_credential_that_is_kept_wakes_what_waited_for_it(machine: Machine, tmp_path: Path) -> None:
    with Receiver(tmp_path / "landed", authorization=basic("ingest", "pass-word")) as receiver:
        (id,) = machine.put(machine.file(), receiver.url, "--credential", "file:lab")
        machine.run("wait", id, fine=(6,))
        said = machine.run("credentials", "set", "file:lab", "--username", "ingest", feed="pass-word\n").stdout
        machine.run("wait", id)

    assert said == "file:lab is kept; uploads that waited for it go on\n"
    assert machine.run("credentials", "list").stdout == "file:lab\n"
    assert machine.run("credentials", "remove", "file:lab").stdout == "file:lab is forgotten\n"
    assert machine.run("credentials", "list").stdout == ""
    assert "there is no credential file:lab" in machine.run("credentials", "remove", "file:lab", fine=(2,)).stderr


@pytest.mark.parametrize(
    ("words", "feed", "said"),
    [
        (("set", "file:lab", "s3cret-value"), "", "its value is asked for, or read from standard input"),
        (("set", "file:lab"), "", "the value of file:lab is empty"),
        (("set", "file:lab"), "two\nlines\n", "has a line break"),
        (("set", "file:lab", "--kind", "basic"), "x", "--kind basic needs --username"),
        (("set", "env:LAB"), "x", "cannot be written"),
        (("set", "lab"), "x", "sendoff credentials set keyring:lab, or file:lab"),
        (("set", "nowhere:lab"), "x", "nowhere"),
        ((), "", "list, set NAME or remove NAME"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_what_to_do(machine: Machine, words: tuple[str, ...], feed: str, said: str) -> None:
    done = machine.run("credentials", *words, feed=feed, fine=(2,))

    assert said in done.stderr and "s3cret-value" not in done.stderr
    assert not (machine.config.parent / "credentials.toml").exists()


@pytest.mark.parity("F170")
@pytest.mark.needs_server
def test_the_key_store_of_a_login_keeps_credentials_and_the_key_of_the_journal(machine: Machine, tmp_path: Path) -> None:
    how = SecretService.missing()
    if how:
        pytest.skip(how)
    with SecretService(tmp_path / "desktop") as desktop, Receiver(tmp_path / "landed", authorization=basic("ingest", "pass-word")) as receiver:
        machine.environment |= desktop.environment
        machine.run("credentials", "set", "keyring:lab", "--username", "ingest", feed="pass-word\n")
        machine.run("wait", *machine.put(machine.file(), f"{receiver.url}a", "--credential", "keyring:lab", "--header-secret", "X-Mine: literal-secret"))
        row = next(row for row in machine.objects("check")[0]["rows"] if row["what"] == "seal")
        desktop.lock()
        machine.run("host", "stop")
        (id,) = machine.put(machine.file(), f"{receiver.url}b", "--credential", "keyring:lab")
        machine.run("wait", id, fine=(6,))
        waited = machine.show(id)
        desktop.unlock()
        machine.run("wait", id, fine=(0, 6))
        machine.until(id, "completed")
        key = row["detail"].partition("as keyring:")[2].partition(";")[0]
        kept = desktop.held("sendoff", key)
        purged = machine.run("purge", "--yes").stderr
        with pytest.raises(subprocess.CalledProcessError):
            desktop.held("sendoff", key)

    assert kept and f"keyring:{key} is gone" in purged
    assert row["detail"].startswith("keyring: the key is in the key store of this login (keyring.backends.SecretService.Keyring), as ")
    assert not (machine.config.parent / "keys").exists()
    assert "is locked" in waited["error"]["message"] and "unlock" in waited["error"]["hint"]


@pytest.mark.needs_server
@pytest.mark.fault(88)
def test_a_prompt_that_nobody_answers_is_given_up_on_and_the_upload_goes_on_once_somebody_does(machine: Machine, tmp_path: Path) -> None:
    how = SecretService.missing()
    if how:
        pytest.skip(how)
    machine.config.write_text('[secrets]\ntimeout = "1s"\nseal = "sealed-file"\n')
    with SecretService(tmp_path / "desktop") as desktop, Receiver(tmp_path / "landed", authorization=basic("ingest", "pass-word")) as receiver:
        machine.environment |= desktop.environment
        machine.run("credentials", "set", "keyring:lab", "--username", "ingest", feed="pass-word\n")
        desktop.seat_nobody()
        desktop.lock()
        (id,) = machine.put(machine.file(), f"{receiver.url}a", "--credential", "keyring:lab")
        machine.run("wait", id, fine=(6,))
        waited = machine.show(id)
        desktop.unlock()
        desktop.dismiss()
        machine.until(id, "completed")

    assert "did not answer (it is given 1 seconds)" in waited["error"]["message"]


@pytest.mark.parametrize("backend", ["no.such.Backend", "os.path.join", "keyring.backends.null.Keyring"])
def test_a_key_store_that_cannot_be_chosen_stands_in_nobodys_way(machine: Machine, tmp_path: Path, backend: str) -> None:
    with Receiver(tmp_path / "landed") as receiver:
        done = machine.run("put", "--here", machine.file(), receiver.url, "--header-secret", "X-Mine: s3cret-value", PYTHON_KEYRING_BACKEND=backend)
        checked = machine.run("check", PYTHON_KEYRING_BACKEND=backend).stdout

    assert "completed" in done.stderr
    assert "sealed-file" in checked and "the key store is not used" in checked


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()
