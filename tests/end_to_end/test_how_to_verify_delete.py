"""The page about deleting what has arrived, run exactly as it is written against OpenSSH and ``sha256sum``; only where ``lab.example`` is differs."""

import hashlib
import json
import os
import shutil

import pytest
from sendoff.testing.openssh import OpenSsh

from tests.end_to_end.pages import MIB, Person, blocks, shows

PAGE, ADDRESS = "verify-delete.md", "sftp://me@lab.example/incoming/"
pytestmark = [pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture
def server(tmp_path):
    if how := OpenSsh.missing():
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "sshd") as made:
        (made.root / "incoming").mkdir()
        yield made


@pytest.fixture
def person(tmp_path, server):
    made = Person(tmp_path / "home")
    (made.home / ".ssh").mkdir(parents=True)
    shutil.copy(server.user_key, made.home / ".ssh" / "id_ed25519")
    (made.home / ".ssh" / "known_hosts").write_text(server.known_as("127.0.0.1", server.port))
    made.writes(blocks(PAGE, "toml")[0].replace(ADDRESS, server.url("incoming/")))
    yield made
    made.leaves()


def told(person, kind, count):
    """So many events of one type, as soon as they are there."""
    following = person.begins("sendoff events --follow --json")
    found = []
    for line in following.stdout:
        event = json.loads(line)
        found += [event] if event["type"] == kind else []
        if len(found) == count:
            break
    following.terminate()
    following.communicate(timeout=30)
    return found


def test_what_has_provably_arrived_is_deleted_and_the_record_of_it_stays(person, server):
    send, look, move, _ = blocks(PAGE, "sh")
    content = os.urandom(MIB)
    person.file("recordings/monday.wav", content)
    person.file("recordings/deep/tuesday.wav")

    said = person.runs(send).stderr
    gone = told(person, "source_removed", 2)

    wanted = blocks(PAGE, "text")[0].replace("sftp://lab.example/", server.url().replace(f"{server.user}@", ""))
    shows(wanted.replace("completed  2", "completed  ..."), said)
    assert not (person.home / "recordings" / "monday.wav").exists()
    assert {event["data"]["what"] for event in gone} == {"deleted"}
    assert (person.home / "recordings" / "deep").is_dir()
    assert (server.root / "incoming" / "recordings" / "monday.wav").read_bytes() == content
    record = person.runs(look).stdout
    assert "source_removed" in record and hashlib.sha256(content).hexdigest() in record

    person.file("recordings/wednesday.wav")
    person.runs(move)
    told(person, "source_removed", 3)
    assert (person.home / "sent" / "wednesday.wav").read_bytes() == b"recordings/wednesday.wav"


@pytest.mark.campaign
def test_what_the_server_holds_otherwise_is_not_deleted_here(person, server):
    send, *_, trouble = blocks(PAGE, "sh")
    liar = person.home / "liar"
    liar.write_text(f"#!/bin/sh\necho {'0' * 64}  -\n")
    liar.chmod(0o755)
    right = person.config.read_text()
    person.config.write_text(right.replace('"sha256sum"', f'"{liar}"'))
    person.file("recordings/monday.wav")

    said = person.runs(send, fine=(1,))

    assert "monday.wav" in said.stdout + said.stderr
    assert (person.home / "recordings" / "monday.wav").exists()
    person.leaves()
    person.config.write_text(right)
    assert "monday.wav" in person.runs(trouble).stdout
    told(person, "source_removed", 1)
    assert not (person.home / "recordings" / "monday.wav").exists()
