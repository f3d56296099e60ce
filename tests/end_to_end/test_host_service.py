"""``host install``: the unit, whatever is in its paths, and a real systemd that keeps a real host alive."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
from sendoff.desk.place import Place
from sendoff.desk.service import Service, services
from sendoff.errors import InvalidArgument
from sendoff.host.unit import Unit, quoted
from sendoff.testing.receiver import Receiver

from tests.end_to_end.machine import Machine
from tests.end_to_end.systemd import Manager

WEIRD = [
    "plain", "with space", "per%cent %n %h", "dol$lar ${HOME} $$", 'quo"te', "apo's", "back\\slash \\x41", "new\nline", "tab\there", "ü漢😀",
    "semi; # x", ":-@+!",
]  # fmt: skip
needs_systemd = [
    pytest.mark.needs_server,
    pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed: apt install systemd"),
]


def unit_in(folder, *, system=False, app="default"):
    """A unit whose interpreter, folders and variables lie in a folder with such a name."""
    folder.mkdir()
    interpreter = folder / "python"
    interpreter.write_text("#!/bin/sh\n")
    interpreter.chmod(0o755)
    place = Place(state=str(folder / "state"), config=str(folder / "sendoff.toml"), app=app)
    service = Service(name=services(place, {"HOME": "/h"})[0].name, folder=str(folder), system=system)
    return Unit(place=place, service=service, interpreter=str(interpreter), user="games" if system else None, environment={"SENDOFF_KEY_FILE": str(folder)})


@pytest.mark.parametrize("system", [False, True], ids=["user", "system"])
@pytest.mark.parametrize("name", WEIRD)
@pytest.mark.usefixtures("runtime")
class TestUnit:
    pytestmark = needs_systemd

    def test_systemd_understands_it(self, tmp_path, name, system):
        unit = unit_in(tmp_path / name, system=system, app="films")
        lying = tmp_path / unit.service.name
        lying.write_text(unit.text())

        words = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *([] if system else ["--user"]), str(lying)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)

        assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def runtime(monkeypatch, tmp_path_factory):
    """Where systemd looks for the user's own things."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))


def test_a_word_that_no_unit_can_hold_is_refused():
    with pytest.raises(InvalidArgument, match="UTF-8"):
        quoted("a\udcffb")


# -- the command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def unit(machine):
    return machine.config.parent.parent / "systemd" / "user" / "sendoff.service"


def test_install_writes_and_enables_and_says_what_is_left_and_uninstall_leaves_nothing(machine, unit):
    done = machine.run("host", "install")

    assert str(machine.state) in unit.read_text()
    link = unit.parent / "default.target.wants" / unit.name
    assert link.resolve() == unit
    assert "enable-linger" in done.stderr
    assert machine.objects("host", "install") == [{"unit": unit.name, "path": str(unit), "enabled": True, "started": False}]

    machine.run("host", "uninstall")
    assert [path for path in unit.parent.rglob("*") if not path.is_dir()] == []
    assert machine.tried("host", "uninstall").returncode == 2


def test_print_writes_nothing(machine, unit):
    text = machine.run("host", "install", "--print").stdout

    assert "ExecStart=" in text
    assert not unit.exists()


def test_what_somebody_else_wrote_is_neither_overwritten_nor_removed(machine, unit):
    unit.parent.mkdir(parents=True)
    unit.write_text("[Unit]\n")

    for action in ("install", "uninstall"):
        done = machine.tried("host", action)
        assert done.returncode == 2
        assert "left alone" in done.stderr
    assert unit.read_text() == "[Unit]\n"


def test_the_unit_of_another_folder_is_not_taken_over(machine, unit):
    machine.run("host", "install")
    before = unit.read_text()

    done = machine.tried("host", "install", "--state-dir", str(machine.folder / "other"))

    assert done.returncode == 2
    assert "--app" in done.stderr
    assert unit.read_text() == before
    machine.run("host", "install", "--state-dir", str(machine.folder / "other"), "--app", "films")
    assert (unit.parent / "sendoff-films.service").exists()


def test_a_variable_that_the_service_would_not_have_is_named(machine):
    done = machine.run("host", "install", SENDOFF_LIMITS__CONCURRENCY="3", SENDOFF_KEY_FILE="/k", PATH=f"/mine:{os.environ['PATH']}")

    assert "SENDOFF_LIMITS__CONCURRENCY" in done.stderr
    text = machine.run("host", "install", "--print", SENDOFF_KEY_FILE="/k", PATH=f"/mine:{os.environ['PATH']}").stdout
    assert '"SENDOFF_KEY_FILE=/k"' in text
    assert '"PATH=/mine:' in text


@pytest.mark.parametrize("words", [["start", "--system"], ["status", "--print"], ["uninstall", "--print"], ["install", "--user", "root"]])
def test_an_option_that_does_not_belong_there_is_refused(machine, words):
    assert machine.tried("host", *words).returncode == 2


# -- a real systemd -------------------------------------------------------------------------------------------------------


@pytest.fixture
def manager(tmp_path):
    made = Manager(tmp_path)
    if made.reason:
        pytest.skip(made.reason)
    with made:
        yield made


@pytest.fixture
def package(tmp_path, manager):
    """sendoff as this user has installed it, so that it can be upgraded."""
    folder = tmp_path / "packages"
    shutil.copytree(Path(sendoff.__file__).parent, folder / "sendoff", ignore=shutil.ignore_patterns("__pycache__"))
    manager.environment |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return folder


def upgrade(package, version):
    face = package / "sendoff" / "__init__.py"
    draft = face.with_suffix(".new")
    draft.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{version}"', face.read_text()))
    draft.replace(face)


def other_package(package):
    """Another installation, of another version."""
    other = package.with_name("other")
    shutil.copytree(package, other)
    upgrade(other, "8.8")
    return other


def command(manager, *words, **more):
    return manager.run(sys.executable, "-m", "sendoff", *words, **more)


def status(manager):
    return json.loads(command(manager, "host", "status", "--json").stdout)


@pytest.mark.campaign
def test_a_service_takes_the_work_over_comes_back_from_a_kill_makes_way_for_an_upgrade_and_respects_a_stop(manager, package, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(os.urandom(6 * 2**20))
    with Receiver(tmp_path / "received", rate=2 * 2**20) as slow:
        (id,) = command(manager, "put", str(source), slow.url).stdout.split()
        slow.wait_for(request=1, bytes=1)
        assert status(manager)["would_survive_more"] == "sendoff host install"

        assert "enabled and runs" in command(manager, "host", "install").stderr
        first = status(manager)
        assert (first["service"], first["survives"]) == ("sendoff.service", {"shell": True, "logout": False, "reboot": False})
        assert first["would_survive_more"] == "loginctl enable-linger"

        slow.wait_for(request=2, bytes=1)
        manager.run("kill", "-9", str(first["pid"]))
        slow.wait_for(request=3, bytes=1, timeout=30)  # nobody has asked for that: the manager brought it back
        second = json.loads(command(manager, "host", "start", "--json").stdout)
        assert second["pid"] != first["pid"]

        upgrade(package, "0.1.99")
        third = status_of_new(manager)
        assert (third["version"], third["service"]) == ("0.1.99", "sendoff.service")
        other = command(manager, "list", check=False, PYTHONPATH=str(other_package(package)))
        assert other.returncode == 5, other.stderr
        assert f"sendoff.service runs it with {sys.executable}: upgrade sendoff there" in other.stderr
        command(manager, "wait", id)
        assert slow.requests[-1].size == 6 * 2**20

    command(manager, "host", "stop")
    assert manager.run("systemctl", "--user", "show", "--property=SubState", "--value", "sendoff.service").stdout == "dead\n", "it is not to be started again"
    assert command(manager, "host", "status", check=False).returncode == 5
    assert json.loads(command(manager, "host", "start", "--json").stdout)["service"] == "sendoff.service"

    command(manager, "host", "uninstall")
    assert command(manager, "host", "status", check=False).returncode == 5
    assert manager.run("systemctl", "--user", "is-enabled", "sendoff.service", check=False).returncode != 0


@pytest.mark.campaign
@pytest.mark.parity("F169")
def test_after_a_reboot_the_upload_goes_on_though_nobody_asks_for_it(tmp_path):
    manager = Manager(tmp_path)
    if manager.reason:
        pytest.skip(manager.reason)
    source = tmp_path / "source"
    source.write_bytes(os.urandom(6 * 2**20))
    with Receiver(tmp_path / "received", rate=2 * 2**20) as slow:
        with manager:
            command(manager, "host", "install")
            (id,) = command(manager, "put", str(source), slow.url).stdout.split()
            slow.wait_for(request=1, bytes=1)
        assert not slow.requests[0].complete, "the power went in the middle"

        with manager:  # the machine is up again, and nobody has logged in to look
            slow.wait_until(lambda rows: any(row.complete and row.number > 1 for row in rows), timeout=60)
            assert json.loads(command(manager, "show", id, "--json").stdout)["status"] == "completed"

    assert (tmp_path / "received" / "source").read_bytes() == source.read_bytes()


def status_of_new(manager):
    command(manager, "list")
    return status(manager)
