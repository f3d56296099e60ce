"""``sendoff check``: what it asks, how long it waits, and what it says."""

import socket

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import Stage


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def silent():
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        yield server


def address(server):
    return f"https://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_check_that_the_end_of_its_host_overtakes_is_asked_of_the_next(stage, silent, ending):
    stage.run("host", "start")
    check = stage.begin("check", address(silent))
    with silent.accept()[0]:
        stage.run("host", "stop") if ending == "stop" else stage.kill_host()
        silent.accept()[0].close()  # the next host's
    said, complaint = check.communicate(timeout=60)

    assert check.returncode == 1, complaint
    assert f"NOT OK  {address(silent)}" in said


def test_a_check_over_which_every_host_dies_says_that_there_is_no_host(stage, silent):
    stage.run("host", "start")
    check = stage.begin("check", address(silent))
    for _ in range(2):
        with silent.accept()[0]:
            stage.kill_host()
    said, complaint = check.communicate(timeout=60)

    assert (check.returncode, said) == (5, "")
    assert "went away before it had answered" in complaint


def test_a_check_claims_no_more_than_was_seen_and_fails_where_uploads_are_not_taken(stage):
    script = [Rule(do=Answer(501), request=1), Rule(do=Answer(200, (("Allow", "GET, HEAD"),)), request=2)]
    with Receiver(None, script=script) as receiver:
        unknown, refused, taken = (stage.run("check", receiver.url, fine=(0, 1)) for _ in range(3))

    assert (unknown.returncode, refused.returncode, taken.returncode) == (0, 1, 0)
    assert f"ok  {receiver.url}  reachable; whether it takes PUT was not seen (OPTIONS was answered 501)" in unknown.stdout
    assert f"NOT OK  {receiver.url}  it does not take PUT, only GET, HEAD (OPTIONS was answered 200)" in refused.stdout
    assert "choose another method" in refused.stderr
    assert "it says that it takes PUT" in taken.stdout
