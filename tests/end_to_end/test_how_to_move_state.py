"""The page about another machine, run exactly as it is written: two machines with ids and homes of their own, in mount namespaces."""

import json
import os
import shutil
import subprocess

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.pages import MIB, Person, blocks

PAGE, SECRET = "move-state.md", "Bearer of-the-first-machine"
SIZE, PIECE = 16 * MIB, 2 * MIB
OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")  # of a namespace that anybody may make
IDS = ("/etc/machine-id", "/var/lib/dbus/machine-id")
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(240)]


class Machine(Person):
    """Somebody's account on a machine with an id of its own. All have the same home by name; ``disk`` is where it lies."""

    def __init__(self, home, disk, number):
        self.disk, id = disk, disk.parent / f"{disk.name}.id"
        disk.mkdir()
        id.write_text(f"{number:032x}\n")
        mounts = [f"mount --bind {disk} {home}", *(f"mount --bind {id} {path}" for path in IDS if os.path.exists(path))]
        super().__init__(home, within=(*OWN_MOUNTS, "sh", "-ec", f'{"; ".join(mounts)}; cd {home}; exec "$@"', "--"))


@pytest.fixture
def machines(tmp_path):
    """An old one and a new one."""
    home = tmp_path / "home"
    home.mkdir()
    if how := missing(tmp_path):
        pytest.skip(how)
    both = [Machine(home, tmp_path / name, number) for number, name in enumerate(("old", "new"), 1)]
    yield both
    for one in both:
        one.leaves()


def missing(folder):
    """None, or why there cannot be two machines here."""
    if not any(os.path.exists(path) for path in IDS):
        return f"this machine has no id: none of {', '.join(IDS)}"
    if shutil.which("unshare") is None:
        return "apt-get install util-linux"
    tried = subprocess.run([*OWN_MOUNTS, "mount", "--bind", folder, folder], capture_output=True, text=True)
    return None if tried.returncode == 0 else f"no mounts of one's own can be had here ({' '.join(OWN_MOUNTS)}): {tried.stderr.strip()}"


def carried(old, new):
    """The archive, by hand."""
    shutil.copy(old.disk / "sendoff-state.tar.gz", new.disk / "sendoff-state.tar.gz")


@pytest.fixture
def media(tmp_path):
    with Receiver(tmp_path / "media", tus=True, rate=2 * MIB, authorization=SECRET) as receiver:
        yield receiver


def begun(old, media):
    """An upload with a sealed secret, in its middle on the old machine."""
    folder = old.disk / "films"
    folder.mkdir()
    (folder / "film.mkv").write_bytes(os.urandom(SIZE))
    config = old.disk / ".config" / "sendoff" / "sendoff.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[destinations.media]\nurl = "{media.url}files/"\nprotocol = "tus"\nprotocol_options = {{ chunk_size = "2M" }}\n')
    old.environment["TOKEN"] = SECRET
    old.runs("sendoff put --header-secret 'Authorization: env:TOKEN' films/film.mkv media:")
    del old.environment["TOKEN"]
    media.wait_until(lambda rows: sum(row.complete for row in rows if row.method == "PATCH") >= 2)


@pytest.mark.campaign
def test_an_upload_that_was_half_done_on_the_old_machine_ends_on_the_new_one(machines, media):
    old, new = machines
    stop, pack, unpack, refused, adopt, forget = blocks(PAGE, "sh")
    begun(old, media)

    old.runs(stop)
    old.runs(pack)
    carried(old, new)
    new.runs(unpack)
    assert "belongs to another machine" in new.runs(refused, fine=(5,)).stderr
    said = new.runs(adopt)
    receipt = json.loads(new.runs("sendoff receipt 1 --json").stdout)

    assert "one of its uploads has not ended and goes on here" in said.stderr
    assert media.stored("files/film.mkv") == (new.disk / "films" / "film.mkv").read_bytes()
    assert sum(row.received for row in media.requests if row.method == "PATCH") - SIZE == receipt["bytes_resent"] < PIECE

    old.runs(forget)
    assert not (old.disk / ".local" / "state" / "sendoff" / "default").exists()
    assert "completed" in new.runs("sendoff list --all").stdout


@pytest.mark.campaign
def test_an_upload_with_a_secret_waits_for_its_key(machines, media):
    old, new = machines
    stop, pack, unpack, _, adopt, _ = blocks(PAGE, "sh")
    begun(old, media)
    old.runs(stop)
    old.runs(pack)
    carried(old, new)
    new.runs(unpack)
    shutil.rmtree(new.disk / ".config" / "sendoff" / "keys")

    assert "1 needs you" in new.runs(adopt, fine=(6,)).stderr
    shown = new.runs("sendoff show 1").stdout

    assert "credential_needed" in shown
    shutil.copytree(old.disk / ".config" / "sendoff" / "keys", new.disk / ".config" / "sendoff" / "keys")
    new.runs("sendoff resume --all && sendoff wait 1")
    assert media.stored("files/film.mkv") == (new.disk / "films" / "film.mkv").read_bytes()
