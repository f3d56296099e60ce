"""``--here``: the command is the host, as containers and CI want it; real processes against a real receiver."""

import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import COMMAND, MIB

SLOW = 4 * MIB  # bytes a second
SIZE = 6 * MIB


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "slow", rate=SLOW) as made:
        yield made


def in_mid_transfer(stage, slow, *words, size=SIZE):
    """``put --here`` of a file that takes long, once its first bytes have come."""
    source, digest = stage.file(size)
    process = stage.begin("put", "--here", *words, source, slow.url)
    slow.wait_for(request=1, bytes=1)
    return process, digest


def test_it_returns_when_the_server_has_the_bytes_and_leaves_no_process(stage, receiver):
    stage.config.write_text('disabled = ["sendoff-example"]\n')  # where it is installed, the log is told of each end
    source, digest = stage.file(3 * MIB)

    done = stage.run("put", "--here", source, receiver.url)

    assert len(done.stdout.split()) == 1
    assert f"completed  1  {receiver.url}" in done.stderr
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
    assert "1 upload not finished yet; the work goes on with the next" in err
    assert not stage.runs()
    slow.wait_for(request=1, over=True)
    stage.run("wait", out.strip())
    assert slow.requests[-1].sha256 == digest
    assert stage.ends(out.strip()) == ["completed"]


@pytest.mark.campaign
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
    process, _ = in_mid_transfer(stage, slow, size=8 * SIZE)

    stage.run("host", "stop")
    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert "told to stop" in err


# -- where it is used -------------------------------------------------------------------------------------------------

CONTAINER = [
    "unshare", "--map-root-user", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c",
    'mount --bind "$1" "$1" && mount -o remount,ro,bind / && shift && exec "$@"', "-",
]  # fmt: skip


@pytest.fixture
def container(stage):
    """A stage whose commands are process 1 and can write nowhere but in the stage's folder; no home, no runtime folder."""
    inside = [*CONTAINER, str(stage.folder)]
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"], capture_output=True).returncode:
        pytest.skip("no processes and mounts of one's own can be had here (unshare --map-root-user --mount --pid)")
    for name in ("HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "SENDOFF_CONFIG"):
        stage.environment.pop(name, None)
    return inside


def test_as_process_1_on_a_read_only_disk_it_does_its_work(stage, receiver, container):
    source, digest = stage.file(3 * MIB)

    done = subprocess.run([*container, *COMMAND, "put", "--here", "-v", source, receiver.url], env=stage.environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert "this process (1) does the work" in done.stderr
    assert [one.sha256 for one in receiver.requests] == [digest]


def test_as_process_1_it_hears_a_term(stage, slow, container):
    source, _ = stage.file(SIZE)
    shell = subprocess.Popen([*container, *COMMAND, "put", "--here", source, slow.url], env=stage.environment, stderr=subprocess.PIPE, text=True)
    slow.wait_for(request=1, bytes=1)

    (child,) = Path(f"/proc/{shell.pid}/task/{shell.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGTERM)

    _, err = shell.communicate(timeout=30)
    assert shell.returncode == 3, err
    assert "goes on with the next" in err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_whoever_closed_its_streams_still_gets_the_work_done(stage, receiver, closed):
    source, digest = stage.file(1000)

    words = shlex.join([*COMMAND, "put", "--here", source, receiver.url])
    done = subprocess.run(["sh", "-c", f"{words} {closed}"], env=stage.environment, cwd=stage.folder, capture_output=True, text=True)

    assert done.returncode == 0, done.stderr
    assert [one.sha256 for one in receiver.requests] == [digest]


def test_closed_standard_input_is_not_an_empty_file(stage, receiver):
    words = shlex.join([*COMMAND, "put", "--here", "-", receiver.url + "a"])
    done = subprocess.run(["sh", "-c", f"{words} <&-"], env=stage.environment, cwd=stage.folder, capture_output=True, text=True)

    assert done.returncode != 0
    assert "standard input" in done.stderr
    assert not receiver.requests


def test_secrets_without_a_place_for_their_key_are_refused_with_the_cures(stage, receiver):
    """No folder can be made for the key, as in containers, and a proxy variable is there, which is kept sealed."""
    source, _ = stage.file(1000)
    (stage.config.parent / "keys").symlink_to("/nowhere/at/all")
    stage.environment["NO_PROXY"] = "127.0.0.1"

    refused = stage.run("put", "--here", source, receiver.url, fine=(2,))
    assert "SENDOFF_KEY_FILE" in refused.stderr
    assert not receiver.requests

    stage.environment["SENDOFF_SECRETS__SEAL"] = "memory"
    assert "completed" in stage.run("put", "--here", source, receiver.url).stderr


def test_its_sinks_hear_the_end_before_it_leaves(stage, receiver, tmp_path):
    told = tmp_path / "told"
    script = tmp_path / "tell"
    script.write_text(f"#!/bin/sh\nsleep 0.3\ncat >> {told}\n")
    script.chmod(0o755)
    stage.config.write_text(f'[[sinks]]\nuse = "command"\nargv = ["{script}"]\non = ["completed"]\n')
    source, _ = stage.file(1000)

    (id,) = stage.run("put", "--here", source, receiver.url).stdout.split()

    assert id in told.read_text()
