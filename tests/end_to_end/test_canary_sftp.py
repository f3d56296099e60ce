"""Secrets of SFTP go to the server and nowhere else, whatever becomes of the upload."""

import os
import signal
import subprocess

import paramiko
import pytest
from sendoff.testing.proxy import Proxy
from sendoff.testing.receiver import Receiver

from plugins.transports.sftp.tests.paramiko_server import ParamikoServer
from tests.core.owned import eventually
from tests.end_to_end.mine import Case, Mine

pytestmark = pytest.mark.fault(91)

AWKWARD = "{a}\"it's\\%2F/&#\u00fc\u20ac{b}"
COMMON = 'host_keys = "{known}"\nssh_config = "none"\nagent = false\n'
CASES = {
    "password-env": Case(
        secret=AWKWARD, url="one:{name}", words=("--credential", "env:LOGIN"), environment={"LOGIN_USERNAME": "me", "LOGIN_PASSWORD": "{secret}"},
        config='[destinations.one]\nurl = "{sftp}"\n' + COMMON,
    ),
    "password-file": Case(
        secret=AWKWARD, url="two:{name}", words=("--credential", "file:login"), credentials='[login]\nusername = "me"\nsecret = "{escaped}"\n',
        config='[destinations.two]\nurl = "{sftp}"\n' + COMMON,
    ),
    "passphrase-env": Case(
        secret=AWKWARD, url="three:{name}", environment={"WORD": "{secret}"},
        config='[destinations.three]\nurl = "{sftp}"\nidentity_file = "{key}"\npassphrase_credential = "env:WORD"\n' + COMMON,
    ),
}  # fmt: skip


class SftpMine(Mine):
    """A mine whose cases go to an SFTP server, through a proxy."""

    def __init__(self, folder, receiver, server, proxy):
        self.server, self.proxy, self.key = server, proxy, folder / "key"
        (folder / "hosts").write_text(server.known_as("127.0.0.1", proxy.port))
        self.hosts = folder / "hosts"
        super().__init__(folder, receiver, CASES)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", self.secrets["passphrase-env"], "-f", self.key]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL)

    def authorize(self):
        """From now on the server lets everybody in."""
        server = self.server._server
        server.passwords = {"me": self.secrets["password-env"]}
        server.check_auth_password = self._password
        server.keys.append(paramiko.Ed25519Key.from_private_key_file(str(self.key), self.secrets["passphrase-env"]))

    def _password(self, username, password):
        self.server.proofs.append(password)
        good = {self.secrets["password-env"], self.secrets["password-file"]}
        return paramiko.AUTH_SUCCESSFUL if password in good else paramiko.AUTH_FAILED

    def _blanks(self, name):
        return super()._blanks(name) | {"sftp": f"sftp://me@127.0.0.1:{self.proxy.port}/", "known": self.hosts, "key": self.key}

    def look_closely(self):
        for id in self.ids.values():
            self.run("show", id)

    def arrived(self):
        assert {self.secrets["password-env"], self.secrets["password-file"]} <= set(self.server.proofs)


@pytest.fixture
def dig(tmp_path):
    opened = []

    def made(*, rate=None):
        (tmp_path / "mine").mkdir()
        server = ParamikoServer(tmp_path / "sftp", passwords={"me": "nothing that anybody has"}, keys=[paramiko.ECDSAKey.generate()])
        proxy = Proxy(server.port, rate=rate)
        mine = SftpMine(tmp_path / "mine", Receiver(None).open(), server, proxy)
        opened.append(mine)
        return mine

    yield made
    for mine in opened:
        mine.close()
        mine.proxy.close()
        mine.server.close()
        mine.check()


def test_success(dig):
    mine = dig()
    mine.authorize()
    mine.put("--wait")
    mine.look_around()
    mine.look_closely()
    assert mine.statuses() == {"completed"}
    assert " DEBUG sendoff.transports.sftp.paramiko" in (mine.machine.state / "host.log").read_text(), "the library had its say, too"
    mine.arrived()
    mine.check()


@pytest.mark.campaign
def test_refused_logins(dig):
    mine = dig()
    mine.put()
    eventually(lambda: mine.statuses() <= {"paused_recoverable"})
    mine.look_around()
    mine.look_closely()
    mine.arrived()
    mine.check()


def test_a_crash_in_mid_transfer(dig):
    mine = dig(rate=200 * 1024)
    mine.authorize()
    mine.machine.run("host", "start")
    mine.proxy.count()
    mine.put()
    mine.proxy.arrived(100_000)
    mine.run("list", "--all")
    mine.run("list", "--all", "--json")
    os.kill(mine.machine.host(), signal.SIGKILL)
    mine.check()
    mine.run("wait", *mine.ids.values())
    mine.look_around()
    assert mine.statuses() == {"completed"}
    mine.arrived()
    mine.check()
