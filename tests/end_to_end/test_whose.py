"""Whose uploads they are: each goes as whoever submitted it, whoever started the host."""

import os
import subprocess
from base64 import b64encode

import pytest
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.receiver import Receiver

from plugins.transports.http.tests.authority import Authority, server_context
from tests.core.owned import eventually
from tests.end_to_end.machine import Machine
from tests.servers.s3 import BUCKET, Seaweed

BRIEF = '[network]\nuse = "always-online"\n[retry]\nbackoff = ["0.1s", "0.5s"]\n'


@pytest.fixture
def machine(tmp_path):
    (tmp_path / "machine").mkdir()
    made = Machine(tmp_path / "machine")
    made.config.write_text(BRIEF)
    yield made
    made.tried("host", "stop")


@pytest.fixture
def receiver(tmp_path):
    (tmp_path / "received").mkdir()
    with Receiver(tmp_path / "received") as made:
        yield made


def seen(receiver, name):
    """What ``Authorization`` the server got with a thing."""
    (request,) = [one for one in receiver.requests if one.path == f"/{name}" and one.method == "PUT"]
    return request.header("Authorization")


def test_a_variable_is_the_submitters_and_never_that_of_whoever_started_the_host(machine, receiver):
    machine.run("host", "start", TOKEN="of-a")
    b = machine.put(machine.file("f0"), f"{receiver.url}b", "--credential", "env:TOKEN", TOKEN="of-b")
    nobodys = machine.put(machine.file("f1"), f"{receiver.url}nobodys", "--credential", "env:TOKEN")
    machine.run("wait", *b)
    machine.run("wait", *nobodys, fine=(6,))

    assert seen(receiver, "b") == "Bearer of-b"
    assert machine.show(nobodys[0])["reason"] == "credential_needed"
    assert not [one for one in receiver.requests if one.path == "/nobodys"]


def test_the_home_in_which_a_program_looks_is_the_submitters(machine, receiver, tmp_path):
    for who in ("of-a", "of-b"):
        (tmp_path / who).mkdir()
        (tmp_path / who / ".git-credentials").write_text(f"http://{who}:password-{who}@127.0.0.1:{receiver.port}\n")
    machine.config.write_text(f'{BRIEF}[credentials.forge]\nuse = "command"\nprotocol = "git"\nargv = ["git", "credential-store"]\nurl = "{receiver.url}"\n')
    machine.run("host", "start", HOME=str(tmp_path / "of-a"))
    b = machine.put(machine.file("f0"), f"{receiver.url}b", "--credential", "forge", HOME=str(tmp_path / "of-b"))
    nobodys = machine.put(machine.file("f1"), f"{receiver.url}nobodys", "--credential", "forge")
    machine.run("wait", *b)
    machine.run("wait", *nobodys, fine=(6,))

    assert seen(receiver, "b") == "Basic " + b64encode(b"of-b:password-of-b").decode()
    assert machine.show(nobodys[0])["reason"] == "credential_needed"
    assert not [one for one in receiver.requests if one.path == "/nobodys"]


def test_a_check_is_made_as_whoever_asks(machine, tmp_path):
    with Receiver(tmp_path / "guarded", authorization="Bearer of-b") as receiver:
        machine.config.write_text(f'{BRIEF}[destinations.lab]\nurl = "{receiver.url}"\ncredential = "env:TOKEN"\n')
        machine.run("host", "start", TOKEN="of-a")
        asked = machine.run("check", "lab:", TOKEN="of-b").stdout
        without = machine.run("check", "lab:", fine=(1, 6)).stdout

    assert "NOT OK" not in asked and "neither TOKEN nor" in without
    assert {one.header("Authorization") for one in receiver.requests} <= {"Bearer of-b", None}


@pytest.mark.parity("F158")
def test_a_proxy_is_the_submitters(machine, receiver, tmp_path):
    (tmp_path / "other").mkdir()
    with Receiver(tmp_path / "other") as other:
        a, b = (f"http://127.0.0.1:{one.port}" for one in (receiver, other))
        machine.run("host", "start", HTTP_PROXY=a, http_proxy=a)
        by_b = machine.put(machine.file("f2"), "http://far.example/b", HTTP_PROXY=b, http_proxy=b)
        direct = machine.put(machine.file("f3"), f"{other.url}direct")
        machine.run("wait", *by_b, *direct)

        assert {one.path for one in other.requests if one.method == "PUT"} == {"http://far.example/b", "/direct"}
        assert receiver.requests == ()


@pytest.mark.parity("F28")
def test_whom_to_trust_is_the_submitters_to_say(machine, tmp_path):
    for name in ("ours", "theirs"):
        (tmp_path / name).mkdir()
    ours, theirs = Authority(tmp_path / "ours"), Authority(tmp_path / "theirs")
    (tmp_path / "received").mkdir()
    with Receiver(tmp_path / "received", tls=server_context(ours.issue("server"))) as receiver:
        machine.run("host", "start", SSL_CERT_FILE=str(theirs.file))
        mine = machine.put(machine.file("mine"), f"{receiver.url}mine", SSL_CERT_FILE=str(ours.file))
        nobodys = machine.put(machine.file("nobodys"), f"{receiver.url}nobodys", "--patience", "0")
        machine.run("wait", *mine)
        machine.run("wait", *nobodys, fine=(1,))

    assert {one.path for one in receiver.requests if one.method == "PUT"} == {"/mine"}
    assert "certificate" in machine.show(nobodys[0])["error"]["message"]


@pytest.mark.needs_server
def test_an_agent_is_the_submitters(machine, tmp_path):
    if how := OpenSsh.missing():
        pytest.skip(how)
    with OpenSsh(tmp_path / "sshd") as server, agent(tmp_path / "agent", server.user_key) as socket:
        machine.config.write_text(
            f'{BRIEF}[destinations.lab]\nurl = "{server.url("in/")}"\nhost_keys = "{server.known_hosts}"\nssh_config = "none"\nmake_folders = "all"\n'
        )
        machine.run("host", "start", SSH_AUTH_SOCK=socket)
        (nobodys,) = machine.put(machine.file("f4"), "lab:nobodys")
        machine.run("wait", nobodys, fine=(6,))
        waited = machine.show(nobodys)
        (mine,) = machine.put(machine.file("b"), "lab:mine", "--group", "mine", SSH_AUTH_SOCK=socket)
        machine.run("resume", nobodys, SSH_AUTH_SOCK=socket)
        machine.run("wait", mine, nobodys)

    assert waited["reason"] == "credential_needed"
    assert sorted(os.listdir(server.root / "in")) == ["mine", "nobodys"]


class agent:
    """A real ssh-agent that holds a key."""

    def __init__(self, path, key):
        self.path, self.key = str(path), key

    def __enter__(self):
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", self.path], stdout=subprocess.DEVNULL)
        add = ["ssh-add", "-q", self.key]
        eventually(lambda: subprocess.run(add, env={**os.environ, "SSH_AUTH_SOCK": self.path}, capture_output=True).returncode == 0, "the agent")
        return self.path

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait()


@pytest.mark.needs_server
@pytest.mark.parametrize("named", ["keys", "profile"])
def test_an_account_is_the_submitters(machine, tmp_path, named):
    if how := Seaweed.missing():
        pytest.skip(how)
    accounts = [("key-of-a", "secret-of-a", ["Read:elsewhere"]), ("key-of-b", "secret-of-b", [f"{act}:{BUCKET}" for act in ("Read", "Write", "List")])]
    profiles = tmp_path / "profiles"
    profiles.write_text("".join(f"[{who}]\naws_access_key_id = key-of-{who}\naws_secret_access_key = secret-of-{who}\n" for who in "ab"))
    says = {who: identity(who, named) for who in "ab"}
    with Seaweed(tmp_path / "s3", accounts=accounts) as server:
        machine.config.write_text(f'{BRIEF}[transports.s3]\nendpoint_url = "{server.url}"\nregion = "us-east-1"\n')
        machine.environment |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": str(profiles)}
        machine.run("host", "start", **says["a"])
        (b,) = machine.put(machine.file("f5"), f"s3://{BUCKET}/b", **says["b"])
        (nobodys,) = machine.put(machine.file("f6"), f"s3://{BUCKET}/nobodys")
        machine.run("wait", b)
        machine.run("wait", nobodys, fine=(6,))
        waited = machine.show(nobodys)

        assert (waited["reason"], server.body("b")) == ("credential_needed", b"x" * 1000)


def identity(who, named):
    """What the environment of one of them says, by keys or by the name of a profile."""
    return {"AWS_PROFILE": who} if named == "profile" else {"AWS_ACCESS_KEY_ID": f"key-of-{who}", "AWS_SECRET_ACCESS_KEY": f"secret-of-{who}"}
