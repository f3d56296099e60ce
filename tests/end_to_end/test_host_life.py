"""What a host lives through: other configurations, other versions, other interpreters, other people's surroundings."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.core.desk_twin import wait_until
from tests.end_to_end.stage import COMMAND, MIB

SLOW = 2 * MIB  # bytes a second
SIZE = 6 * MIB


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "slow", rate=SLOW) as made:
        yield made


def configure(stage, text):
    draft = stage.config.with_suffix(".new")
    draft.write_text(text)
    draft.replace(stage.config)


def status(stage):
    return json.loads(stage.run("host", "status", "--json").stdout)


# -- another configuration ------------------------------------------------------------------------------------------------


def test_a_limit_that_is_changed_holds_at_once_and_a_mistake_leaves_the_one_before(stage, slow):
    configure(stage, "[limits]\nconcurrency = 1\n")
    stage.put(*(stage.file(SIZE, f"{number}.bin")[0] for number in range(3)), slow.url)
    slow.wait_for(request=1, bytes=1)
    host = stage.host()

    configure(stage, "[limits]\nconcurrency = 0\n")
    wait_until(lambda: status(stage)["configuration_error"], "noticing the mistake")
    said = stage.run("check", fine=(2,))
    assert "concurrency" in said.stdout
    assert "not in force" in said.stdout
    assert "not in force as it stands now" in stage.run("host", "status").stdout
    assert status(stage)["running"] == 1

    configure(stage, "[limits]\nconcurrency = 3\n")
    slow.wait_for(request=3, bytes=1)
    assert status(stage)["configuration_error"] is None
    assert stage.run("check").returncode == 0
    assert stage.host() == host


def test_who_means_another_configuration_is_refused_with_both(stage, tmp_path):
    stage.run("host", "start")
    other = tmp_path / "other.toml"
    other.write_text("")

    said = subprocess.run([*COMMAND, "list"], env=stage.environment | {"SENDOFF_CONFIG": str(other)}, capture_output=True, text=True)

    assert said.returncode == 2
    assert str(other) in said.stderr
    assert str(stage.config) in said.stderr


def test_a_wish_that_only_the_host_can_honor_is_refused_and_not_ignored(stage):
    stage.run("host", "start")

    said = subprocess.run([*COMMAND, "list"], env=stage.environment | {"SENDOFF_LIMITS__CONCURRENCY": "2"}, capture_output=True, text=True)

    assert said.returncode == 2
    assert "SENDOFF_LIMITS__CONCURRENCY" in said.stderr


# -- another version ------------------------------------------------------------------------------------------------------


def copied(folder, version):
    """Another installation of sendoff, of another version."""
    shutil.copytree(Path(sendoff.__file__).parent, folder / "sendoff", ignore=shutil.ignore_patterns("__pycache__"))
    face = folder / "sendoff" / "__init__.py"
    face.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', face.read_text()))
    return str(folder)


@pytest.mark.fault(19)
def test_a_host_of_another_version_is_replaced_in_mid_transfer_and_the_upload_goes_on(stage, slow, tmp_path):
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, slow.url)
    slow.wait_for(request=1, bytes=1)
    old = status(stage)

    stage.environment["PYTHONPATH"] = copied(tmp_path / "newer", "0.1.99")
    stage.run("list")

    new = status(stage)
    assert (old["version"], new["version"]) == (sendoff.__version__, "0.1.99")
    stage.run("wait", id)
    assert slow.requests[-1].sha256 == digest
    del stage.environment["PYTHONPATH"]
    assert stage.ends(id) == ["completed"], "and the older one reads what the newer wrote"


# -- another interpreter --------------------------------------------------------------------------------------------------

CARRIER = """
from pydantic import BaseModel
from sendoff import Target, Transport

class Carrier(Transport):
    schemes = ("gopher",)
    methods = ()
    Settings = type("Settings", (BaseModel,), {})

    def target(self, name):
        return Target(f"{self.destination.url}{name}")

    def send(self, shipment):
        raise OSError
"""


def other_interpreter(folder):
    """A virtual environment that has all that this one has, and a driver of its own."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python3*/site-packages")
    (packages / "all.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages") or (Path(path) / "sendoff").exists()) + "\n")
    leaves = [Path(found.origin).parents[1] for found in map(_spec, ("sendoff_http", "sendoff_sqlite", "sendoff_networks_basic")) if found]
    (packages / "leaves.pth").write_text("\n".join(map(str, leaves)) + "\n")
    facts = packages / "gopher_for_sendoff-1.0.dist-info"
    facts.mkdir()
    (packages / "gopher_carrier.py").write_text(CARRIER)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: gopher-for-sendoff\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[sendoff.transports]\ncarrier = gopher_carrier:Carrier\n")
    return str(folder / "bin" / "python")


def _spec(name):
    from importlib.util import find_spec

    return find_spec(name)


@pytest.mark.only_with(store="sqlite")
def test_a_driver_that_only_the_other_interpreter_has_is_refused_with_both_and_both_cures(stage, tmp_path):
    stage.run("host", "start")
    other = other_interpreter(tmp_path / "venv")
    source, _ = stage.file(10)

    words = [other, "-m", "sendoff", "put", source, "gopher://127.0.0.1/a"]
    done = subprocess.run(words, env=stage.environment, capture_output=True, text=True)

    assert done.returncode == 2
    sentence, cure = done.stderr.strip().splitlines()
    assert re.search(rf"runs with {re.escape(sys.executable)}, which has no driver .* {re.escape(other)}, which has one", sentence)
    assert f"install gopher-for-sendoff for {sys.executable}" in cure
    assert "sendoff host stop" in cure
    stage.run("host", "stop")
    done = subprocess.run(words, env=stage.environment, capture_output=True, text=True)
    assert done.returncode == 0, (done.stderr, stage.log())


def test_a_driver_that_nobody_has_is_no_matter_of_interpreters(stage):
    source, _ = stage.file(10)

    said = stage.run("put", source, "gopher://127.0.0.1/a", fine=(2,)).stderr

    assert "no installed transport carries to gopher://" in said


# -- somebody else's surroundings -----------------------------------------------------------------------------------------


def test_each_submitters_own_variables_go_with_the_upload_and_the_hosts_are_nobodys(stage, receiver):
    """Whoever started the host has a proxy, a key and a secret of the same name; nothing of that reaches an upload of somebody else."""
    source, _ = stage.file(1000)
    first = stage.environment | {"http_proxy": "http://127.0.0.1:1", "MINE": "first", "AWS_SECRET_ACCESS_KEY": "canary-1"}
    second = stage.environment | {"MINE": "second"}
    words = ["put", source, "--header-secret", "Authorization: env:MINE", "--json"]

    def put(environment, name):
        done = subprocess.run([*COMMAND, *words, receiver.url + name], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["id"]

    ids = [put(first, "a")]
    environment = Path(f"/proc/{stage.host()}/environ").read_bytes()
    ids += [put(second, "b"), put(first, "c")]
    stage.run("wait", *ids)

    assert sorted((one.path, one.header("Authorization")) for one in receiver.requests) == [("/a", "first"), ("/b", "second"), ("/c", "first")]
    for trace in (b"canary-1", b"http_proxy", b"MINE=first"):
        assert trace not in environment


def test_a_host_that_was_started_in_the_worst_of_places_does_its_work(stage, receiver, tmp_path):
    """From a folder that is gone, without standard streams, with an open umask, in an ASCII locale, without a home."""
    gone = tmp_path / "gone"
    gone.mkdir()
    bare = {name: value for name, value in stage.environment.items() if name not in ("HOME", "LANG", "XDG_RUNTIME_DIR") and not name.startswith("LC_")}
    script = f'rmdir "{gone}"; umask 000; exec {shlex.join([*COMMAND, "host", "start"])} <&- >&- 2>&-'
    started = subprocess.run(["sh", "-c", script], cwd=gone, env=bare | {"LC_ALL": "C", "HOME": str(tmp_path / "nowhere")}, timeout=60)
    assert started.returncode == 0, stage.log()
    host = stage.host()
    source, digest = stage.file(1000, "übergroß 漢.bin")

    (id,) = stage.put(source, receiver.url)
    stage.run("wait", id)

    assert stage.host() == host
    assert [one.sha256 for one in receiver.requests] == [digest]
    assert os.readlink(f"/proc/{host}/cwd") == "/"
    open_to_others = [path for path in stage.state.rglob("*") if not path.is_symlink() and path.stat().st_mode & 0o077]
    assert open_to_others == []


@pytest.mark.only_with(store="sqlite")
def test_a_host_whose_journal_was_removed_leaves_and_leaves_its_successor_alone(stage):
    host = stage.own_host()
    source, _ = stage.file(1000)
    stage.put(source, "http://127.0.0.1:9/never")
    shutil.rmtree(stage.state)

    (id,) = stage.put(source, "http://127.0.0.1:9/again")

    assert host.wait(20) == 0
    assert stage.runs()
    assert [view["id"] for view in stage.listed()] == [id]
