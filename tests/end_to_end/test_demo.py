"""``sendoff demo``: what it says is what happened, and nothing of it is left."""

import hashlib
import json
import os
import random
import re
import select
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

DEMO = [sys.executable, "-m", "sendoff", "demo"]
WIDEST = 80


class Room:
    """Where demos are played: a folder for what they need for a moment, and a home that must stay as it is."""

    def __init__(self, folder):
        self.folder, self.temporary, self.home = folder, folder / "tmp", folder / "home"
        self.temporary.mkdir()
        self.home.mkdir()
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENDOFF_", "XDG_"))}
        self.environment = kept | {"TMPDIR": str(self.temporary), "HOME": str(self.home)}

    def file(self, size=2**23, name="given.bin"):
        path = self.folder / name
        path.write_bytes(random.Random(1).randbytes(size))
        return path

    def play(self, *words, fine=0, **more):
        done = subprocess.run([*DEMO, *map(str, words)], env=self.environment, capture_output=True, text=True, timeout=120, **more)
        assert done.returncode == fine, (done.stdout, done.stderr)
        return done

    def begin(self, *words, **more):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} | more
        return subprocess.Popen([*DEMO, *map(str, words)], env=self.environment, **pipes)

    def left(self):
        """Whatever a demo has left: files, and processes that know its folder."""
        files = [*self.temporary.rglob("*"), *self.home.rglob("*")]
        return files, [pid for pid in os.listdir("/proc") if pid.isdigit() and str(self.temporary).encode() in _of(pid)]


def _of(pid):
    """The words and the environment of a process that may be gone."""
    try:
        return b"\0".join(Path("/proc", pid, name).read_bytes() for name in ("cmdline", "environ"))
    except OSError:
        return b""


@pytest.fixture
def room(tmp_path):
    made = Room(tmp_path)
    yield made
    while pids := made.left()[1]:  # of a demo that was killed itself
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)


def test_it_tells_the_whole_story_and_leaves_nothing(room):
    source = room.file()
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    done = room.play(source, stdin=subprocess.DEVNULL)

    assert done.stderr == ""
    assert "All of it was seen to be true" in done.stdout
    assert [done.stdout.count(f"$ sendoff {verb} ") for verb in ("watch", "receipt", "events")] == [1, 1, 1]
    assert done.stdout.count(digest) == 2
    assert re.search(r"try 1 +POST, \d+ x PATCH; [0-9.]+ MiB came, (then the connection broke|answered 204)", done.stdout)
    assert re.search(r"try 2 +HEAD, (\d+ x )?PATCH; [0-9.]+ MiB came, answered 204", done.stdout)
    assert re.search(r"verified  the server (compared a checksum of every piece|told the same size)", done.stdout)
    assert re.search(r"Killed at [0-9.]+ MiB, begun anew at the first byte, [0-9.]+ MiB\s+twice", done.stdout)
    assert "\x1b" not in done.stdout and "\r" not in done.stdout
    assert [] == [line for line in done.stdout.splitlines() if len(line) > WIDEST and str(room.folder) not in line], "a path is as long as it is"
    assert hashlib.sha256(source.read_bytes()).hexdigest() == digest
    assert room.left() == ([], [])


@pytest.mark.campaign
def test_for_programs_each_step_is_an_object(room):
    source = room.file()
    steps = [json.loads(line) for line in room.play("--json", source).stdout.splitlines()]
    told = {step["step"]: step for step in steps}

    order = ["file", "server", "put", "killed", "finished", "tries", "receipt", "events", "compared", "receipt", "plain", "end"]
    assert [step["step"] for step in steps] == order
    assert 0 < told["killed"]["received"] < told["killed"]["size"] == source.stat().st_size
    assert told["finished"]["pid"] != told["killed"]["pid"]
    first, last = ([one for one in told["tries"]["requests"] if one["try"] == number] for number in (1, 2))
    assert (first[0]["method"], last[0]["method"], last[-1]["status"]) == ("POST", "HEAD", 204)
    assert told["tries"]["bytes_twice"] == sum(one["received"] for one in (*first, *last)) - source.stat().st_size <= 2**20
    assert told["compared"]["bytes_twice"] == told["tries"]["bytes_twice"] and told["compared"]["verified"] in ("part-digests", "size")
    assert told["plain"]["bytes_twice"] >= told["plain"]["killed"] > told["compared"]["bytes_twice"]
    assert told["compared"]["sent"] == told["compared"]["arrived"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert told["end"]["true"] and told["end"]["untrue"] == []
    assert room.left() == ([], [])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_ended_in_the_middle_it_leaves_nothing(room, number):
    demo = room.begin(room.file())
    with demo:
        for line in demo.stdout:
            if "$ sendoff watch" in line:
                break
        demo.send_signal(number)
        demo.stdout.read()
    assert demo.returncode == (130 if number == signal.SIGINT else 1)
    assert room.left() == ([], [])


def test_a_reader_that_goes_away_ends_it_and_nothing_is_left(room):
    demo = room.begin(room.file())
    with demo:
        demo.stdout.readline()
        demo.stdout.close()
    assert demo.returncode == 141
    assert room.left() == ([], [])


def test_killed_itself_it_leaves_a_receiver_that_ends(room):
    demo = room.begin("--json", room.file())
    with demo:
        for line in demo.stdout:
            if json.loads(line)["step"] == "server":
                break
        receivers = [pid for pid in room.left()[1] if b"sendoff.testing.receiver" in _of(pid)]
        assert len(receivers) == 1
        watched = os.pidfd_open(int(receivers[0]))
        demo.kill()
        demo.stdout.read()
    assert select.select([watched], [], [], 20)[0], "the receiver goes on"
    os.close(watched)


WRONG = {
    "two files": (["a", "b"], "takes one FILE"),
    "no such file": (["nothing.bin"], "No such file"),
    "a folder": (["."], "not a regular file"),
    "an empty file": (["/dev/null"], "not a regular file"),
    "another journal": (["--app", "x"], "a journal and a configuration of its own"),
}


@pytest.mark.parametrize(("words", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_played_is_refused(room, words, said):
    assert said in room.play(*words, fine=2, cwd=room.folder).stderr
    assert room.left() == ([], [])


def test_a_file_without_a_middle_is_refused(room):
    assert "too small" in room.play(room.file(1023), fine=2).stderr


def test_without_a_folder_for_a_moment_it_says_so(room):
    """A disk that cannot hold the file: its size is a claim, its blocks are not there."""
    source = room.folder / "huge.bin"
    with open(source, "wb") as file:
        file.truncate(2**43)
    assert "has" in room.play(source, fine=2).stderr and "for a moment" in room.play(source, fine=2).stderr
    assert room.left() == ([], [])


def test_something_that_is_not_true_is_said(room):
    """A file that changes under its upload is not what arrives."""
    source = room.file()
    demo = room.begin(source)
    with demo:
        said = ""
        for line in demo.stdout:
            said += line
            if "$ sendoff watch" in line:
                source.write_bytes(b"another" * 2**20)
                break
        said += demo.stdout.read()
    assert demo.returncode == 1
    assert "This was not true:" in said
    assert room.left() == ([], [])


@pytest.mark.campaign
def test_without_a_file_it_makes_one_and_is_done_in_time(room):
    steps = [json.loads(line) for line in room.play("--json").stdout.splitlines()]

    assert steps[0]["made"] and steps[0]["size"] == 256 * 2**20
    assert steps[-1]["true"] and steps[-1]["seconds"] < 40
    assert room.left() == ([], [])
