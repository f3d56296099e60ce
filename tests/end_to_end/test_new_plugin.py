"""One plugin of each kind, as ``sendoff new-plugin`` writes it: installed by plain pip where nothing else is, judged by its tests, and used."""

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from sendoff.cli.new_plugin.kind import KINDS
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stranger import ROOT, Stranger, alone, blocks, shared

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1500)]
LEAVES = ("transports/http", "stores/sqlite", "credentials/basic", "sinks/basic", "networks/basic")
NEEDED = " ".join([f"{ROOT}[testing]", *(f"{ROOT}/plugins/{leaf}" for leaf in LEAVES)])
MANY = {kind.word: kind.many for kind in KINDS}
WORDS = [*MANY]


def name_of(kind):
    return f"my-{kind}"


@pytest.fixture
def workshop(tmp_path_factory, worker_id):
    """A fresh virtual environment, made once for all processes of this run and used by one test at a time."""
    folder = shared(tmp_path_factory, worker_id)
    with alone(folder / "workshop"):
        stranger = Stranger(folder / "workshop")
        if not (stranger.folder / "ready").exists():
            stranger.runs(f"python3 -m venv venv && venv/bin/python -m pip install -q {NEEDED}")
            (stranger.folder / "ready").touch()
        stranger.entered(stranger.folder / "venv")
        yield stranger
        stranger.leaves()


@pytest.fixture
def plugin(workshop, request):
    """The plugin of a kind, written, and installed as its README says; the one of another test of this kind, where that came first."""
    kind = request.param
    folder = workshop.folder / f"sendoff-{name_of(kind)}"
    workshop.configured("")
    kept = workshop.folder / f"{kind}.said"  # once it is installed; until then each test tries, and says what fails
    if not kept.exists():
        shutil.rmtree(folder, ignore_errors=True)
        workshop.runs(f"sendoff new-plugin {kind} {name_of(kind)}")
        (_, install), _ = blocks(folder / "README.md", "sh")
        kept.write_text(workshop.runs(install, at=folder))
    said = kept.read_text()
    return SimpleNamespace(kind=kind, many=MANY[kind], name=name_of(kind), folder=folder, module=folder.name.replace("-", "_"), said=said)


def of(*kinds):
    return pytest.mark.parametrize("plugin", kinds, indirect=True)


@of(*WORDS)
def test_its_readme_is_true_from_the_first_command_to_the_last(workshop, plugin):
    _, (_, judge) = blocks(plugin.folder / "README.md", "sh")
    rows = [line.split() for line in plugin.said.splitlines() if line.startswith(f"{plugin.many} ")]
    assert [row[4] for row in rows if f"sendoff-{plugin.name}" in row] == ["ok"]

    said = workshop.runs(judge, at=plugin.folder)
    assert " passed" in said
    assert " skipped" not in said
    assert " failed" not in said


@of(*WORDS)
def test_its_tests_judge_what_is_installed_not_what_lies_beside_them(workshop, plugin):
    where = workshop.runs(f"python -c 'import {plugin.module}; print({plugin.module}.__file__)'").strip()
    assert Path(where).is_relative_to(workshop.folder / "venv")

    said = workshop.runs(f"pytest -q -p no:cacheprovider {plugin.folder / 'tests'}", at=workshop.home)

    assert " passed" in said


@of(*WORDS)
def test_sendoff_shows_it_with_its_distribution(workshop, plugin):
    rows = [json.loads(line) for line in workshop.runs("sendoff plugins --json").splitlines()]

    ((state, reason, version),) = [(row["state"], row["reason"], row["version"]) for row in rows if row["distribution"] == f"sendoff-{plugin.name}"]
    assert (state, reason, version) == ("ok", None, "0.1.0")


# -- used


@pytest.fixture
def source(workshop):
    path = workshop.home / "source.bin"
    path.write_bytes(bytes(range(256)) * 4000)
    return path


def put(workshop, source, destination="lab:"):
    """What is known of the upload once it has ended well."""
    said = workshop.runs(f"sendoff put --wait --json --again {source} {destination}")
    id = json.loads(said.splitlines()[0])["id"]
    return json.loads(workshop.runs(f"sendoff show --json {id}"))


@of("transport")
def test_a_file_goes_by_the_transport(workshop, plugin, source, tmp_path):
    with Receiver(tmp_path / "landed") as receiver:
        workshop.configured(f'[destinations.lab]\nurl = "{plugin.name}://127.0.0.1:{receiver.port}/in/"\n')

        shown = put(workshop, source)

        assert (shown["transport"], shown["receipt"]["size"]) == (plugin.name, 1_024_000)
        assert receiver.stored("in/source.bin") == source.read_bytes()


@of("http-protocol")
def test_a_file_goes_by_the_protocol(workshop, plugin, source, tmp_path):
    with Receiver(tmp_path / "landed", tus=True) as receiver:
        options = "protocol_options = { chunk_size = 100_000 }"
        workshop.configured(f'[destinations.lab]\nurl = "{receiver.url}in/"\nprotocol = "{plugin.name}"\n{options}\n')

        shown = put(workshop, source)

        assert (shown["protocol"], shown["resumable"], shown["receipt"]["verified"]) == (plugin.name, True, "size")
        assert receiver.stored("in/source.bin") == source.read_bytes()
        assert len([row for row in receiver.requests if row.method == "PATCH"]) == 11


@of("store")
def test_an_upload_is_kept_in_the_store_after_the_host_has_gone(workshop, plugin, source, tmp_path):
    with Receiver(tmp_path / "landed") as receiver:
        workshop.environment["SENDOFF_STATE_DIR"] = str(tmp_path / "state")
        workshop.configured(f'[store]\nuse = "{plugin.name}"\n')

        shown = put(workshop, source, f"{receiver.url}in/")
        workshop.leaves()

        assert (tmp_path / "state" / f"{plugin.name}.log").stat().st_size > 0
        assert not (tmp_path / "state" / "journal.db").exists()
        assert json.loads(workshop.runs(f"sendoff receipt --json {shown['id']}"))["size"] == 1_024_000


@of("credentials")
@pytest.mark.parametrize("reference", ["my-credentials:lab", "lab"])
def test_a_server_is_shown_the_credential(workshop, plugin, source, tmp_path, reference):
    """By the driver's name with its defaults, and by a section that says where its files are."""
    for secrets in (workshop.config.parent / "secrets", workshop.home / "elsewhere"):
        secrets.mkdir(exist_ok=True)
        (secrets / "lab").write_text(f"in {secrets.name}\n")
    held = "secrets" if ":" in reference else "elsewhere"
    with Receiver(tmp_path / "landed", authorization=f"Bearer in {held}") as receiver:
        section = f'[credentials.lab]\nuse = "{plugin.name}"\nfolder = "{workshop.home / "elsewhere"}"\n'
        workshop.configured(f'{section}[destinations.lab]\nurl = "{receiver.url}in/"\ncredential = "{reference}"\n')

        put(workshop, source)

        assert receiver.stored("in/source.bin") == source.read_bytes()


@of("sink")
def test_the_sink_is_told_of_an_upload(workshop, plugin, source, tmp_path):
    with Receiver(tmp_path / "landed") as receiver:
        workshop.configured(f'[[sinks]]\nuse = "{plugin.name}"\npath = "{tmp_path / "notices"}"\n')

        shown = put(workshop, source, f"{receiver.url}in/")

        told = [json.loads(line) for line in lines_of(tmp_path / "notices", containing='"completed"')]
        assert shown["id"] in [notice["operation"]["id"] for notice in told if notice["type"] == "completed"]


@of("network")
def test_the_network_is_as_it_says(workshop, plugin, tmp_path):
    (tmp_path / "network").write_text("online metered\n")
    workshop.configured(f'[network]\nuse = "{plugin.name}"\npath = "{tmp_path / "network"}"\n')

    workshop.runs("sendoff host start")
    said = json.loads(workshop.runs("sendoff host status --json"))["network"]

    assert (said["name"], said["online"], said["metered"]) == (plugin.name, True, True)


@of("listener")
def test_the_listener_tells_the_log_of_an_upload(workshop, plugin, source, tmp_path):
    workshop.environment["SENDOFF_STATE_DIR"] = str(tmp_path / "state")
    with Receiver(tmp_path / "landed") as receiver:
        put(workshop, source, f"{receiver.url}in/")

        line = f"{plugin.module}: {receiver.url}in/source.bin is there: 1024000 bytes after 1 tries"
        assert any(line in one for one in lines_of(tmp_path / "state" / "host.log", containing=line))


def lines_of(path, *, containing):
    """The lines of a file as soon as one of them has that in it: sinks and listeners are told after the upload has ended."""
    deadline = time.monotonic() + 20
    while not (path.is_file() and containing in path.read_text()):
        assert time.monotonic() < deadline, path.read_text() if path.is_file() else f"there is no {path}"
        time.sleep(0.05)
    return path.read_text().splitlines()
