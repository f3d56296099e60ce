"""The page about SFTP, run exactly as it is written; only where ``lab.example`` is differs."""

import re
import shutil

import pytest
from sendoff.testing.openssh import OpenSsh

from tests.end_to_end.pages import MIB, Person, blocks

PAGE, ADDRESS = "sftp.md", "sftp://me@lab.example/incoming/"
pytestmark = [pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture
def server(tmp_path):
    how = OpenSsh.missing()
    if how:
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "sshd") as made:
        (made.root / "incoming").mkdir()
        yield made


@pytest.fixture
def person(tmp_path, server):
    somebody = Person(tmp_path / "home")
    keys = somebody.home / ".ssh"
    keys.mkdir(parents=True, mode=0o700)
    shutil.copy(server.user_key, keys / "id_ed25519")
    yield somebody
    somebody.leaves()


def test_a_newcomer_gets_a_file_to_a_server_that_nobody_knows(person, server):
    person.file("film.mkv", b"f" * MIB)
    put, wait, trust = (block.replace(ADDRESS, server.url("incoming/")) for block in blocks(PAGE, "sh")[:3])
    person.runs(put)

    told = person.runs(wait, fine=(6,)).stderr

    fingerprint = re.search(r"SHA256:[\w+/]{43}", told)[0]
    assert f"sendoff trust {ADDRESS.partition('me@')[0]}" in told
    said = person.runs(trust.replace("SHA256:...", fingerprint)).stdout
    assert "accepted" in said and "verified" in said
    assert (server.root / "incoming" / "film.mkv").read_bytes() == b"f" * MIB


def test_a_section_says_it_once_for_all(person, server):
    hosts = person.home / ".ssh" / "known_hosts"
    hosts.write_text(server.known_as("127.0.0.1", server.port))
    config = person.home / ".config" / "sendoff" / "sendoff.toml"
    config.parent.mkdir(parents=True)
    config.write_text(blocks(PAGE, "toml")[0].replace(ADDRESS, server.url("incoming/")))
    person.file("recordings/one.wav", b"1")
    person.file("recordings/more/two.wav", b"22")

    said = person.runs(blocks(PAGE, "sh")[3]).stdout

    assert "logged in" in said
    found = {str(path.relative_to(server.root / "incoming")) for path in (server.root / "incoming").rglob("*.wav")}
    assert found == {"recordings/one.wav", "recordings/more/two.wav"}
    assert (server.root / "incoming" / "recordings" / "one.wav").stat().st_mode & 0o777 == 0o640
