"""The page about tokens that expire, run exactly as it is written: ``@tus/server``, whose tokens live for less than a second, and a login that curl asks."""

import os
import signal

import pytest

from tests.end_to_end.pages import MIB, Person, blocks, shows
from tests.servers.proxy import CountingProxy
from tests.servers.tus import TusNode

PAGE, PROGRAM = "tus-tokens.md", "/usr/local/bin/media-token"
LIVES = 0.4  # seconds that a token lives
PACE = 16 * MIB  # bytes a second of the line
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture
def server(tmp_path):
    with TusNode(tmp_path / "tus", tokens=LIVES) as made:
        yield made


@pytest.fixture
def line(server):
    """A slow line to it: an upload takes several tokens."""
    with CountingProxy("127.0.0.1", server.port, rate=PACE) as made:
        yield made


@pytest.fixture
def person(tmp_path, line, server):
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    made = Person(home)
    made.writes(written(made, blocks(PAGE, "toml")[0].replace("https://media.example/files/", line.url(f"{server.url}/"))))
    made.file("bin/media-token", blocks(PAGE, "sh")[0].replace("https://login.example", f"http://127.0.0.1:{server.port}").encode())
    made.file(".media-login", login("pass-word"))
    made.token = made.runs(written(made, blocks(PAGE, "sh")[1])).stdout
    yield made
    made.leaves()


def login(password):
    return f"machine 127.0.0.1 login recorder password {password}\n".encode()


def written(person, text):
    """What the page says, with the program where a test may put one."""
    return text.replace(PROGRAM, str(person.home / "bin" / "media-token"))


def test_an_upload_outlives_its_tokens_and_nothing_is_sent_twice(person, server, line):
    _, _, check, send, _ = blocks(PAGE, "sh")
    content = os.urandom(24 * MIB)
    person.file("film.mkv", content)

    assert len(person.token.split()) == 1
    assert "NOT OK" not in person.runs(check).stdout
    said = person.runs(send).stdout

    shows(blocks(PAGE, "text")[0].replace("https://media.example/files/", line.url(f"{server.url}/")), said)
    (upload,) = server.uploads()
    assert server.held(server.upload_url(upload.id)) == content
    pieces = [row for row in line.requests if row.received]
    assert len({row.header("Authorization") for row in pieces}) == len(pieces) == 3
    assert pieces[-1].answered_at - pieces[0].began_at > LIVES
    assert line.body_bytes == len(content)


@pytest.mark.campaign
def test_a_login_that_is_refused_stops_it_and_it_goes_on_where_it_was(person, server):
    *_, help = blocks(PAGE, "sh")
    person.file("film.mkv", os.urandom(MIB))
    person.runs("sendoff put --wait film.mkv media:")
    person.file(".media-login", login("another"))
    person.file("second.mkv", os.urandom(2 * MIB))

    said = person.runs("sendoff put --wait second.mkv media:", fine=(6,)).stderr
    assert "401" in said
    person.file(".media-login", login("pass-word"))
    shown = person.runs(help).stdout

    assert "second.mkv" in shown
    assert [one.complete for one in server.uploads()] == [True, True]


@pytest.mark.campaign
def test_a_host_that_is_killed_in_the_middle_goes_on_with_a_token_of_its_own(person, server, line):
    person.file("film.mkv", os.urandom(16 * MIB))
    person.runs("sendoff put film.mkv media:")
    line.wait_until(lambda rows: sum(row.received for row in rows) > MIB)
    pid = int(person.runs("sendoff host status --json | python -c 'import json, sys; print(json.load(sys.stdin)[\"pid\"])'").stdout)

    os.kill(pid, signal.SIGKILL)
    person.runs("sendoff wait --all")

    (upload,) = server.uploads()
    assert upload.complete
    assert server.held(server.upload_url(upload.id)) == (person.home / "film.mkv").read_bytes()
