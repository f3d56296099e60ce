"""``kill -9`` at any moment of an upload by SFTP: the next host goes on where the server has it, and counts what goes twice."""

import sys
import threading
from dataclasses import dataclass

import pytest
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.proxy import Proxy

from tests.end_to_end.stage import MIB

pytestmark = pytest.mark.needs_server
SIZE, RATE = 24 * MIB, 8 * MIB  # three seconds, in which two or three times what is there is recorded
LATEST = 20 * MIB
WINDOW = 2 * MIB
BETWEEN = RATE  # what a second carries; what is acknowledged is recorded that often
AROUND = 3 * MIB  # what lies in sockets between here and the proxy, and a thirtieth of everything for the packets around the bytes


@pytest.fixture
def server(tmp_path):
    how = OpenSsh.missing()
    if how:
        pytest.skip(f"OpenSSH is missing: {how}")
    with OpenSsh(tmp_path / "sshd") as made:
        yield made


@pytest.fixture
def lab(stage, server):
    """A destination behind a proxy that is slow and counts."""
    with Proxy(server.port, rate=RATE) as proxy:
        (server.folder / "hosts").write_text(server.known_as("127.0.0.1", proxy.port))
        stage.config.write_text(
            f'[destinations.lab]\nurl = "{server.url("in/", port=proxy.port)}"\nidentity_file = "{server.user_key}"\n'
            f'host_keys = "{server.folder}/hosts"\nssh_config = "none"\nagent = false\nmake_folders = "all"\n[retry]\nbackoff = ["0.1s", "1s"]\n'
        )
        yield proxy


class Watching:
    """Looks at the final name all the time: it is not there, or it is whole."""

    def __init__(self, path, size):
        self.path, self.size, self.partial = path, size, []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._over.wait(0.002):
            if self.path.exists() and self.path.stat().st_size != self.size:
                self.partial.append(self.path.stat().st_size)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@dataclass(frozen=True, slots=True)
class Fate:
    """One upload and its kills. twice: bytes that the proxy saw beyond the size, the packets around them included. told: by the receipt."""

    kills: int
    twice: int
    told: int


def carried(stage, server, proxy, name, kills):
    """One upload whose hosts are killed, each once so many bytes of its own are on their way."""
    source, _ = stage.file(SIZE, name)
    final, before = server.root / "in" / name, proxy.sent
    with Watching(final, SIZE) as watching:
        proxy.count()
        (id,) = stage.put(source, f"lab:{name}")
        for at in kills:
            host = stage.host()
            proxy.arrived(at)
            stage.kill(host)
            assert not final.exists()
            proxy.count()
            stage.run("list")
        stage.run("wait", id)
    view = stage.view(id)
    assert final.read_bytes() == (stage.folder / name).read_bytes()
    assert (watching.partial, stage.ends(id), view["receipt"]["size"]) == ([], ["completed"], SIZE)
    return Fate(len(kills), proxy.sent - before - SIZE, view["receipt"]["bytes_resent"])


def check(stage, server, fates, capsys):
    with capsys.disabled():
        for fate in fates:
            each = f"{fate.kills} kill -9: {fate.twice} bytes went twice, the receipt says {fate.told}"
            sys.stdout.write(f"\n{SIZE} bytes by SFTP at {RATE} a second, {each}")
    for fate in fates:
        assert fate.twice <= fate.kills * (WINDOW + BETWEEN + AROUND), fate
        assert abs(fate.twice - fate.told) <= (fate.kills + 1) * AROUND, fate  # what a dead host's kernel threw away had been handed to it
    assert [path.name for path in (server.root / "in").iterdir() if path.name.endswith(".part")] == []


def test_an_upload_whose_hosts_are_killed_three_times_goes_on_where_the_server_has_it(stage, server, lab, capsys):
    kills = [stage.random.randrange(1, LATEST // 3) for _ in range(3)]

    check(stage, server, [carried(stage, server, lab, "a.bin", kills)], capsys)


@pytest.mark.campaign
@pytest.mark.timeout(400)
def test_of_25_uploads_killed_at_a_random_byte_all_go_on_where_the_server_has_them(stage, server, lab, capsys):
    check(stage, server, [carried(stage, server, lab, f"{number}.bin", [stage.random.randrange(1, LATEST)]) for number in range(25)], capsys)


@pytest.mark.fault(8)
def test_what_was_canceled_while_it_ran_leaves_nothing_at_the_server_even_when_the_host_is_killed(stage, server, lab):
    source, _ = stage.file(SIZE)
    lab.count()
    (id,) = stage.put(source, "lab:a.bin")
    lab.arrived(4 * MIB)
    assert len(list((server.root / "in").iterdir())) == 1
    stage.kill_host()

    stage.run("cancel", id)

    for _ in range(400):
        if not list((server.root / "in").iterdir()):
            break
        threading.Event().wait(0.05)  # the server tells nobody that a file is gone
    assert list((server.root / "in").iterdir()) == []
