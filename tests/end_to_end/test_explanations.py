"""What stands as code in the explanations, and what the README shows of every day, is done as it stands; only addresses and folders differ."""

import json
import re
import tomllib

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.pages import MIB, Person, blocks
from tests.house.fences import blocks_of

PLUGINS = "docs/explanation/two-kinds-of-plugin.md"
pytestmark = [pytest.mark.campaign, pytest.mark.timeout(120)]


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "landed") as made:
        yield made


@pytest.fixture
def person(tmp_path, receiver):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home).configured(f"{receiver.url}archive/")
    yield made
    made.leaves()


def entry_point(toml):
    """Group, name and module of the one plugin that a piece of a pyproject.toml makes known."""
    ((group, entries),) = tomllib.loads(toml)["project"]["entry-points"].items()
    ((name, value),) = entries.items()
    return group, f"{name} = {value}", value.partition(":")[0]


def test_a_driver_and_a_listener_work_as_they_stand_on_the_page(stage, receiver):
    """Each in a package of its own, made known and configured by what the page says."""
    driver, listener = blocks_of(PLUGINS, "python")
    driver_known, used, listener_known = blocks_of(PLUGINS, "toml")
    for code, known in ((driver, driver_known), (listener, listener_known)):
        group, entry, module = entry_point(known)
        stage.install(module, group, entry, code)
    shelf = stage.folder / "uploads.jsonl"
    stage.config.write_text(used.replace("/var/log/uploads.jsonl", str(shelf)))
    stage.file(1000, "a.iso")
    stage.file(1000, "a.tmp")

    stage.run("put", "a.iso", receiver.url, "--wait")
    refused = stage.run("put", "a.tmp", receiver.url, fine=(2,))
    stage.run("host", "stop")

    assert "unfinished files are not sent from this machine" in refused.stderr
    assert "completed" in [json.loads(line)["type"] for line in shelf.read_text().splitlines()]
    assert [row.path for row in receiver.requests] == ["/a.iso"]
    assert f"is at {receiver.url}a.iso" in stage.log()


def test_ftp_is_refused_as_the_page_says(person):
    person.file("a.iso")

    done = person.runs(blocks_of("docs/explanation/why-not-ftp.md", "sh")[0])

    assert done.stdout == "refused, and said what to use\n"
    assert "use sftp:// or https:// instead" in done.stderr


def test_every_day_is_as_the_readme_says(person, receiver):
    (shown,) = blocks_of("README.md", "console")
    commands = [line.removeprefix("$ ").partition("#")[0].strip() for line in shown.splitlines() if line.startswith("$")]
    (id_shown,) = [line for line in shown.splitlines() if not line.startswith("$")]
    for name in ("film.mkv", "photos/a.jpg", "photos/2025/b.jpg"):
        person.file(name)

    said = [person.runs(command.replace("https://media.example/", receiver.url)).stdout for command in commands]

    assert re.sub("[0-9a-f]", "0", said[0].strip()) == re.sub("[0-9a-f]", "0", id_shown)
    person.runs("sendoff wait --all")
    assert {row.path for row in receiver.requests if row.complete} == {"/films/film.mkv", "/archive/photos/2025/b.jpg", "/archive/photos/a.jpg"}


def test_what_is_watched_is_watched_to_its_end(person, tmp_path):
    """As the page about watching has it, where nobody is at a terminal."""
    (watch,) = blocks("watch.md", "sh")
    person.file("film.mkv", bytes(4 * MIB))
    with Receiver(tmp_path / "slow", rate=2 * MIB) as receiver:
        person.runs(f"sendoff put film.mkv {receiver.url}")

        said = person.runs(watch)

        assert "film.mkv" in said.stdout + said.stderr
        assert [row.path for row in receiver.requests if row.complete] == ["/film.mkv"]
