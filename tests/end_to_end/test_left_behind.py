"""What is left of uploads nobody asks for any more, and of a damaged journal beside a sound one."""

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
KEPT_OPEN = 8  # connections that are kept for the next ones: to the server, and ours
LEAVES = """
import io, os, sys, sendoff
client = sendoff.connect()
for number in range(20):
    client.put(io.BytesIO(os.urandom(20_000)), f"{sys.argv[1]}{number}", patience=0)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.mark.parity("F86", "F96")
def test_what_a_program_left_behind_ends_and_gc_leaves_nothing_of_it(stage, receiver):
    receiver.script.add(Rule(do=Answer(404, body=b"x" * 1000), path="/3", times=None))
    host = stage.own_host()
    try:
        before = opened(host.pid)
        left = subprocess.run([sys.executable, "-c", LEAVES, receiver.url], env=stage.environment, timeout=SOON)
        assert left.returncode == -9, "it was killed, and no sooner"
        eventually(lambda: sorted(view["status"] for view in stage.listed()) == ["completed"] * 19 + ["error"], "the ends")
        kept = [path for path in (stage.state / "spool").rglob("*") if path.is_file()]
        assert len(kept) == 1, "what was sent is gone already, what a retry would send is not"
        eventually(lambda: len(opened(host.pid)) <= len(before) + KEPT_OPEN and "/spool/" not in "".join(opened(host.pid)), "what was open is closed")
    finally:
        stage.kill(host.pid)
        host.wait()
    stage.config.write_text(stage.config.read_text() + '[retention]\nfinished = "0s"\n')

    stage.run("gc")

    assert [path for folder in ("spool", "responses") for path in (stage.state / folder).rglob("*") if path.is_file()] == []
    assert stage.listed() == []


def opened(pid):
    """What a process has open, but the journal, which each thread that reads has for itself."""
    found = []
    for number in os.listdir(f"/proc/{pid}/fd"):
        with suppress(FileNotFoundError):
            found.append(os.readlink(f"/proc/{pid}/fd/{number}"))
    return [name for name in found if "/journal.db" not in name]


@pytest.mark.only_with(store="sqlite")
@pytest.mark.parity("F172")
def test_a_damaged_journal_is_told_of_and_another_apps_is_untouched(tmp_path):
    apps = [tmp_path / name for name in ("one", "other")]
    for folder in apps:
        folder.mkdir()
    with Stage(apps[0]) as one, Stage(apps[1]) as other, Receiver(tmp_path / "received") as receiver:
        for stage in (one, other):
            stage.run("put", "--wait", stage.file(1000)[0], f"{receiver.url}{stage.folder.name}")
            stage.run("host", "stop")
        journal = one.state / "journal.db"
        journal.write_bytes(b"no journal at all" * 1000)

        refused = one.run("list", "--all", fine=(1, 5))

        assert "journal" in refused.stderr and journal.read_bytes() == b"no journal at all" * 1000
        assert [view["status"] for view in other.listed()] == ["completed"]


TIB = 1024**4


def sparse(stage, size):
    """A file that is long and takes no room."""
    path = stage.folder / "sparse"
    with path.open("wb") as file:
        file.truncate(size)
    return str(path)


@pytest.mark.campaign
@pytest.mark.parity("F180", "F183")
def test_a_very_large_file_has_its_exact_length_and_takes_no_memory(stage):
    size = 10 * 1024**3 + 1
    with Receiver(None) as receiver:
        (id,) = stage.put(sparse(stage, size), f"{receiver.url}a")
        receiver.wait_for(bytes=256 * MIB, timeout=SOON)
        begun = most_memory(stage.host())
        stage.run("wait", id)
        ended = most_memory(stage.host())
        (request,) = receiver.requests

    assert (request.size, request.received, request.complete) == (size, size, True)
    assert ended - begun < 32 * MIB


@pytest.mark.campaign
@pytest.mark.fault(35)
def test_a_file_of_a_tebibyte_goes_by_in_constant_memory_and_can_be_let_go_of(stage):
    with Receiver(None) as receiver:
        (id,) = stage.put(sparse(stage, TIB), f"{receiver.url}a")
        receiver.wait_for(bytes=64 * MIB, timeout=SOON)
        begun = most_memory(stage.host())
        receiver.wait_for(bytes=1024 * MIB, timeout=SOON)
        ended = most_memory(stage.host())
        progress = stage.view(id)["progress"]
        stage.run("cancel", id)
        view = stage.until(id, status="canceled")
        eventually(lambda: receiver.requests, "the end of the request")
        (request,) = receiver.requests

    assert (request.header("content-length"), request.complete) == (str(TIB), False)
    assert 1024 * MIB <= request.received < TIB
    assert progress["total_bytes"] == TIB and progress["bytes_sent"] >= 1024 * MIB
    assert (view["receipt"], view["error"]) == (None, None)
    assert ended - begun < 16 * MIB


def most_memory(pid):
    """The most that a process had in memory at once, in bytes (proc(5), VmHWM)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
