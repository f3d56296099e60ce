"""The page about a jump host, run exactly as it is written: two servers of OpenSSH's, neither of them known; only where they are differs."""

import re
import shutil
import subprocess

import pytest
from sendoff.testing.openssh import OpenSsh

from tests.end_to_end.pages import MIB, Person, blocks, shows

PAGE = "jump-host.md"
FINGERPRINT = re.compile(r"SHA256:[\w+/]{43}")
pytestmark = [pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture
def keys(tmp_path):
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


@pytest.fixture
def gate(tmp_path, keys):
    if how := OpenSsh.missing():
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "gate", lines="LogLevel DEBUG") as made:
        shutil.copy(made.user_key, keys / "id_ed25519")
        yield made


@pytest.fixture
def lab(tmp_path, gate):
    with OpenSsh(tmp_path / "lab") as made:
        (made.root / "incoming").mkdir()
        (made.folder / "authorized").write_text(gate.user_key.with_suffix(".pub").read_text())  # one key of the person's opens both
        yield made


@pytest.fixture
def person(tmp_path, keys, gate, lab):
    made = Person(tmp_path / "home")
    shutil.copytree(keys, made.home / ".ssh")
    made.writes(here(blocks(PAGE, "toml")[0], gate, lab))
    made.file("film.mkv", b"f" * MIB)
    yield made
    made.leaves()


def here(text, gate, lab):
    """What the page says, with the two hosts where they are."""
    text = text.replace("sftp://me@lab.internal/incoming/", lab.url("incoming/")).replace("me@gate.example", f"{gate.user}@127.0.0.1:{gate.port}")
    text = text.replace("sftp://lab.internal/", f"{lab.url()}".replace(f"{lab.user}@", ""))
    return text.replace("gate.example", f"[127.0.0.1]:{gate.port}")


def fingerprint_of(server):
    """As whoever runs it would tell: by OpenSSH's own program."""
    told = subprocess.run(["ssh-keygen", "-lf", server.host_key.with_suffix(".pub")], capture_output=True, text=True, check=True).stdout
    return FINGERPRINT.search(told)[0]


def test_a_newcomer_gets_a_file_through_a_jump_host_when_neither_host_is_known(person, gate, lab):
    send, look, first, second, check = blocks(PAGE, "sh")
    asked, done = (here(block, gate, lab) for block in blocks(PAGE, "text"))

    shows(asked, person.runs(send, fine=(6,)).stderr)
    assert "Accepted" not in gate.log

    shown = person.runs(look, fine=(6,)).stdout
    assert fingerprint_of(gate) in shown
    said = person.runs(first.replace("SHA256:...", fingerprint_of(gate)), fine=(6,)).stderr
    assert f"[127.0.0.1]:{lab.port} is not known" in said
    assert "Accepted" not in lab.log

    shows(done, person.runs(second.replace("SHA256:...", fingerprint_of(lab))).stdout)
    assert f"connected to 127.0.0.1 port {lab.port}" in gate.log
    assert (lab.root / "incoming" / "film.mkv").read_bytes() == b"f" * MIB
    assert "logged in" in person.runs(check).stdout


@pytest.mark.campaign
def test_a_fingerprint_that_is_not_the_hosts_is_refused_and_nothing_goes_out(person, gate, lab):
    send, _, accept, *_ = blocks(PAGE, "sh")
    person.runs(send, fine=(6,))

    refused = person.runs(accept.partition("\n")[0].replace("SHA256:...", fingerprint_of(lab)), fine=(1, 2, 6))

    assert fingerprint_of(gate) in refused.stdout + refused.stderr
    assert "Accepted" not in gate.log


@pytest.mark.campaign
def test_a_jump_host_that_forbids_going_on_is_named(person, gate, lab, tmp_path):
    with OpenSsh(tmp_path / "strict", lines="AllowTcpForwarding no") as strict:
        (strict.folder / "authorized").write_text(gate.user_key.with_suffix(".pub").read_text())
        hosts = person.home / ".ssh" / "known_hosts"
        hosts.write_text(strict.known_as("127.0.0.1", strict.port) + lab.known_as("127.0.0.1", lab.port))
        person.config.write_text(person.config.read_text().replace(f":{gate.port}", f":{strict.port}"))

        said = person.runs("sendoff put --wait --patience 1s film.mkv lab:", fine=(1,)).stderr

        assert f"[127.0.0.1]:{strict.port} cannot reach [127.0.0.1]:{lab.port} (Administratively prohibited)" in said
