"""Secrets that come from the key store of a login go to the server and nowhere else; so does the key that seals the others."""

import json
import os
import signal

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule
from sendoff.testing.secret_service import SecretService

from tests.end_to_end.mine import Case, Mine, ended, header, password

pytestmark = [pytest.mark.needs_server, pytest.mark.fault(91)]
CASES = {
    "login": Case(words=("--credential", "keyring:login"), seen=password("Authorization")),
    "token": Case(url="named:{name}", config='[destinations.named]\nurl = "{url}"\ncredential = "keyring:token"\n', seen=header("Authorization")),
    "header": Case(words=("--header-secret", "X-Mine: keyring:header"), seen=header("X-Mine")),
    "sealed": Case(words=("--header-secret", "X-Mine: {secret}"), seen=header("X-Mine")),
}


@pytest.fixture
def mine(tmp_path):
    if how := SecretService.missing():
        pytest.skip(how)
    (tmp_path / "received").mkdir()
    (tmp_path / "mine").mkdir()
    with SecretService(tmp_path / "desktop") as desktop, Receiver(tmp_path / "received", rate=128 * 1024) as receiver:
        made = Mine(tmp_path / "mine", receiver, CASES)
        made.machine.environment |= desktop.environment
        for name, words in {"login": ("--username", "me"), "token": (), "header": ()}.items():
            said = made.machine.run("credentials", "set", f"keyring:{name}", *words, feed=f"{made.secrets[name]}\n")
            made.said.append(said.stdout + said.stderr)
        made.desktop = desktop
        yield made
        made.close()
        made.check()


def key_of(mine):
    """The key of the journal, as the key store holds it."""
    seal = next(row for row in mine.machine.objects("check")[0]["rows"] if row["what"] == "seal")
    name = seal["detail"].partition("as keyring:")[2].partition(";")[0]
    return mine.desktop.held("sendoff", name)


def test_success_after_a_crash(mine):
    mine.put()
    mine.receiver.wait_until(lambda rows: len({row.path for row in rows if row.received > 0}) >= len(CASES), timeout=40)
    mine.run("list", "--all")
    mine.run("list", "--all", "--json")
    os.kill(mine.machine.host(), signal.SIGKILL)
    mine.check()
    mine.run("wait", *mine.ids.values())
    mine.look_around()
    mine.run("credentials", "list")
    mine.run("check")

    assert mine.statuses() == {"completed"}
    mine.arrived()
    key = json.loads(key_of(mine))["secret"]
    assert len(bytes.fromhex(key)) == 32
    assert not [where for where, data in mine.written() if key.encode() in data or bytes.fromhex(key) in data]


def test_refused_and_then_locked(mine):
    mine.receiver.script.add(Rule(do=Answer(401, (("WWW-Authenticate", 'Basic realm="r"'),)), times=None))
    mine.put()
    ended(mine, "error", "paused_recoverable")
    mine.desktop.lock()
    mine.run("resume", "--all")
    ended(mine, "error", "paused_recoverable")
    mine.look_around()
    mine.check()
