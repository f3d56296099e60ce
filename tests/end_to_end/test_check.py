"""``sendoff check``: what it asks, how long it waits, and what it says."""

import socket

import pytest

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
