"""The page about a link that keeps breaking, run exactly as it is written: ``@tus/server`` behind a line that is cut and falls silent."""

import json
import os
import re
import time

import pytest
from sendoff.testing.proxy import Proxy
from sendoff.testing.receiver import Receiver

from tests.end_to_end.pages import MIB, Person, blocks, shows
from tests.servers.namespace import Namespace
from tests.servers.tus import TusNode

PAGE, ADDRESS = "bad-link.md", "https://media.example/files/"
SIZE, PIECE = 12 * MIB, 2 * MIB
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(180)]


@pytest.fixture
def server(tmp_path):
    with TusNode(tmp_path / "tus") as made:
        yield made


@pytest.fixture
def line(server):
    with Proxy(server.port, rate=8 * MIB) as made:
        yield made


@pytest.fixture
def person(tmp_path, line):
    home = tmp_path / "home"
    home.mkdir()
    made = Person(home)
    made.writes(blocks(PAGE, "toml")[0].replace(ADDRESS, f"http://127.0.0.1:{line.port}/files/"))
    made.file("film.mkv", os.urandom(SIZE))
    yield made
    made.leaves()


def host_of(person):
    return json.loads(person.runs("sendoff host status --json").stdout)["pid"]


def test_breaks_and_a_kill_cost_less_than_a_piece_each(person, server, line):
    check, send, see, now, wait, slow = blocks(PAGE, "sh")
    reachable, receipt = blocks(PAGE, "text")
    shows(reachable, person.runs(check).stdout)
    line.cut(3 * MIB)

    person.runs(send)
    line.arrived(3 * MIB)
    person.runs(see)
    line.count()
    person.runs(now)
    line.arrived(2 * MIB)
    os.kill(host_of(person), 9)
    said = person.runs(wait).stdout

    shows(receipt, said)
    assert int(re.search(r"bytes resent +(\d+)", said)[1]) < 2 * PIECE
    (upload,) = server.uploads()
    assert server.held(server.upload_url(upload.id)) == (person.home / "film.mkv").read_bytes()
    assert "100.0 KiB/s" in person.runs(slow).stdout


@pytest.mark.campaign
def test_a_line_that_falls_silent_is_left_after_the_time_on_the_page(person, server, line):
    _, send, _, _, wait, _ = blocks(PAGE, "sh")
    line.hush(3 * MIB)

    person.runs(send)
    said = person.runs(wait).stdout

    shows(blocks(PAGE, "text")[1], said)
    assert server.uploads()[0].complete
    assert "the connection took no byte for 20 seconds" in person.runs("sendoff events 1").stdout


@pytest.mark.campaign
def test_a_network_that_goes_away_is_waited_for_and_costs_no_try(tmp_path):
    """The host lives in a network of its own, and somebody pulls its cable."""
    home = tmp_path / "home"
    home.mkdir()
    _, send, see, _, wait, _ = blocks(PAGE, "sh")
    with Namespace() as there, Receiver(tmp_path / "media", host=there.outside, tus=True, checksums=False, rate=4 * MIB) as media:
        person = Person(home, within=there.command()).writes(blocks(PAGE, "toml")[0].replace(ADDRESS, f"{media.url}files/"))
        person.file("film.mkv", os.urandom(SIZE))
        person.runs(send)
        media.wait_until(lambda rows: sum(row.received for row in rows) >= 3 * MIB)

        there.pull()
        waited(person, see, "offline")
        media.hang_up()  # as a server does that hears nothing any more
        there.plug()
        said = person.runs(wait).stdout

        shows(blocks(PAGE, "text")[1], said)
        assert "attempt_failed" not in person.runs("sendoff events 1").stdout
        assert media.stored("files/film.mkv") == (home / "film.mkv").read_bytes()
        person.leaves()


def waited(person, look, word):
    """Return as soon as a word is in what a piece of the page says."""
    deadline = time.monotonic() + 60
    while word not in (said := person.runs(look).stdout):
        assert time.monotonic() < deadline, said
