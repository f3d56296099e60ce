"""``--here``: the command is the host, as containers and CI want it; real processes against a real receiver."""

import hashlib
import json
import signal

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import MIB, Stage

SLOW = 4 * MIB  # bytes a second
SIZE = 6 * MIB


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received") as made:
        yield made


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "slow", rate=SLOW) as made:
        yield made


def in_mid_transfer(stage, slow, *words):
    """``put --here`` of a file that takes long, once its first bytes have come."""
    source, digest = stage.file(SIZE)
    process = stage.begin("put", "--here", *words, source, slow.url)
    slow.wait_for(request=1, bytes=1)
    return process, digest


def test_it_returns_when_the_server_has_the_bytes_and_leaves_no_process(stage, receiver):
    source, digest = stage.file(3 * MIB)

    done = stage.run("put", "--here", source, receiver.url)

    (id,) = done.stdout.split()
    assert f"completed  {id}" in done.stderr
    assert [one.sha256 for one in receiver.requests] == [digest]
    assert not stage.runs()
    assert stage.log() == ""


def test_its_exit_code_says_that_an_upload_failed(stage, receiver):
    receiver.script.add(Rule(do=Answer(403)))
    source, _ = stage.file(1000)

    done = stage.run("put", "--here", source, receiver.url, fine=(1,))

    assert "403" in done.stderr
    assert not stage.runs()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 3), (signal.SIGINT, 130)])
def test_a_signal_in_mid_transfer_ends_it_and_the_next_one_finishes(stage, slow, number, code):
    process, digest = in_mid_transfer(stage, slow)

    process.send_signal(number)
    out, err = process.communicate(timeout=30)

    assert process.returncode == code, err
    assert "1 upload not finished yet; it goes on with the next" in err
    assert not stage.runs()
    slow.wait_for(request=1, over=True)
    stage.run("wait", out.strip())
    assert slow.requests[-1].sha256 == digest
    assert stage.ends(out.strip()) == ["completed"]


def test_a_kill_in_mid_transfer_costs_nothing_but_the_bytes(stage, slow):
    process, digest = in_mid_transfer(stage, slow)
    process.kill()
    out, _ = process.communicate()
    slow.wait_for(request=1, over=True)

    source, _ = stage.file(1000, "other.bin")
    done = stage.run("put", "--here", source, slow.url + "other/")

    assert "completed" in done.stderr
    stage.run("wait", out.strip())
    assert digest in [one.sha256 for one in slow.requests]


def test_others_use_its_socket_while_it_lives(stage, slow):
    process, digest = in_mid_transfer(stage, slow)

    status = json.loads(stage.run("host", "status", "--json").stdout)
    (view,) = stage.listed()

    assert (status["pid"], view["status"]) == (process.pid, "running")
    assert process.communicate(timeout=60)[0].strip() == view["id"]
    assert process.returncode == 0
    assert hashlib.sha256((slow.folder / "source.bin").read_bytes()).hexdigest() == digest


def test_where_a_host_runs_it_is_told_so_and_waits(stage, receiver):
    stage.run("host", "start")
    pid = stage.host()
    source, _ = stage.file(1000)

    done = stage.run("put", "--here", source, receiver.url)

    assert "a host runs already" in done.stderr
    assert "completed" in done.stderr
    assert stage.host() == pid


def test_when_the_host_it_waits_for_leaves_it_takes_the_work_over(stage, slow):
    host = stage.own_host()
    process, digest = in_mid_transfer(stage, slow)

    host.kill()
    host.wait()
    _, err = process.communicate(timeout=60)

    assert process.returncode == 0, err
    assert slow.requests[-1].sha256 == digest
    assert not stage.runs()


def test_host_stop_ends_it_like_a_term(stage, slow):
    process, _ = in_mid_transfer(stage, slow)

    stage.run("host", "stop")
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert "told to stop" in err
