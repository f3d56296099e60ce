"""A program that does the work itself: no host process, the same journal, and the next one finishes what it began."""

import io
import logging
import os
import signal
import subprocess
import sys

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, PACE

SIZE = 24 * MIB
SOON = 60
PUT = """
import sys, sendoff
client = sendoff.connect(mode="embedded")
print(client.put(sys.argv[1], sys.argv[2]).id, flush=True)
sys.stdin.read()
"""
FORKS = """
import os, sys, sendoff
client = sendoff.connect(mode="embedded")
if os.fork() == 0:
    print(client.put(sys.argv[1], sys.argv[2]).wait(60).id, flush=True)
    os._exit(0)
assert os.wait()[1] == 0
client.close()
"""


@pytest.fixture
def embedded(stage):
    """How this process does the work itself, unless another does it already."""
    return lambda: sendoff.connect(state_dir=stage.state, config=stage.config, mode="embedded")


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


def begun(stage, program, *words):
    command = [sys.executable, "-W", "error", "-c", program, *words]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=stage.environment, cwd=stage.folder, **pipes)


def ran(stage, program, *words):
    with begun(stage, program, *words) as process:
        said, complaints = process.communicate(timeout=SOON)
    assert process.returncode == 0, complaints
    return said.strip()


@pytest.mark.parity("F165")
def test_the_program_is_the_owner_and_after_a_kill_the_next_one_finishes(stage, receiver, embedded):
    path, digest = stage.file(SIZE)
    with begun(stage, PUT, path, receiver.url) as process:
        id = process.stdout.readline().strip()
        receiver.wait_for(bytes=MIB)
        assert stage.host() == process.pid, "no other process does the work"
        process.kill()
    broken = receiver.wait_for(request=1, over=True)
    assert not stage.runs()

    with embedded() as client:
        assert client.get(id).wait(SOON).receipt.attempts == 2

    assert 0 < broken.received < SIZE
    assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
    assert not stage.runs()


def test_another_process_attaches_to_it(stage, receiver, embedded):
    path, _ = stage.file(SIZE)
    with begun(stage, PUT, path, receiver.url) as process:
        id = process.stdout.readline().strip()
        with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
            assert client.get(id).wait(SOON).receipt.size == SIZE
            other = embedded()
            assert other.get(id).status is sendoff.TransferStatus.COMPLETED
            other.close(drain=True)
            assert stage.host() == process.pid
        process.send_signal(signal.SIGKILL)


def test_closing_it_with_drain_waits_for_the_work_and_the_configuration_may_ask_for_it(stage, receiver, embedded):
    path, digest = stage.file(SIZE)
    stage.config.write_text('mode = "embedded"\n')

    client = sendoff.connect(state_dir=stage.state, config=stage.config)
    operation = client.put(path, receiver.url)
    assert stage.host() == os.getpid()
    client.close(drain=True)

    assert not stage.runs()
    assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
    with embedded() as client:
        assert client.get(operation.id).receipt.attempts == 1


def test_closing_it_without_leaves_at_a_safe_point(stage, receiver, embedded):
    path, _ = stage.file(SIZE)
    with embedded() as client:
        operation = client.put(path, receiver.url)
        receiver.wait_for(bytes=MIB)
        assert stage.host() == os.getpid()
    assert not stage.runs()

    with embedded() as client:
        assert client.get(operation.id).wait(SOON).receipt.size == SIZE


def test_where_no_process_can_be_started_the_program_does_the_work(stage, receiver, monkeypatch):
    path, _ = stage.file(1000)
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        assert client.put(path, receiver.url).wait(SOON).receipt.size == 1000
        assert stage.host() == os.getpid()
    assert not stage.runs()


def test_a_forked_child_of_the_owner_asks_its_parent(stage, receiver, embedded):
    path, _ = stage.file(1000)

    id = ran(stage, FORKS, path, receiver.url)

    with embedded() as client:
        assert client.get(id).status is sendoff.TransferStatus.COMPLETED


def test_where_a_host_is_asked_for_and_none_can_be_started_it_says_so(stage, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")

    with pytest.raises(sendoff.HostUnavailable, match="no host could be started with /nonexistent/python"):
        sendoff.connect(state_dir=stage.state, config=stage.config, mode="host")


def test_what_the_libraries_log_in_this_process_shows_no_secret_to_a_handler_added_later(stage, receiver, embedded, caplog):
    stage.config.write_text('[network]\nuse = "always-online"\n[host]\nlog_level = "debug"\n')
    path, _ = stage.file(1000)
    with embedded() as client:
        later = logging.StreamHandler(io.StringIO())
        logging.getLogger().addHandler(later)
        try:
            with caplog.at_level(logging.DEBUG):
                client.put(
                    path, f"{receiver.url}a?sig=canary-signature", secret_headers={"X-Mine": "canary-value", "Authorization": "Bearer canary-token"}
                ).wait(SOON)
        finally:
            logging.getLogger().removeHandler(later)

    assert "HTTP Request: PUT" in later.stream.getvalue() and "receive_response_headers" in later.stream.getvalue()
    assert "canary" not in later.stream.getvalue()
