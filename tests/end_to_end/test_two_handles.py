"""Several processes on one journal: whoever was taken over comes late, is refused, and changes nothing."""

import json
import os
import signal
import subprocess
import sys

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, Stage

SIZE = 24 * MIB
RATE = 16 * MIB
# An owner of the journal without the host's role: it takes over what it finds, puts what it is told, says how it ended, and leaves at the end of its input.
OWNER = """
import json, logging, os, sys
from pathlib import Path
from sendoff.bootstrap import build
from sendoff.model.event import ENDS, Event
from sendoff.model.operation import Request
from sendoff.model.query import Query

logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(name)s: %(message)s")
owner = build(folder=Path(os.environ["SENDOFF_STATE_DIR"]), config_file=Path(os.environ["SENDOFF_CONFIG"]), environ=os.environ)
owner.open()
print("open", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if "put" in asked:
        for created in owner.create([Request(**asked["put"])]):
            print(created.id, flush=True)
    else:
        print(next(one.type for one in owner.follow(Query(ids=(asked["end"],)), after=0) if isinstance(one, Event) and one.type in ENDS), flush=True)
owner.close()
"""


class Handle:
    """One such process."""

    def __init__(self, stage):
        self._process = subprocess.Popen(
            [sys.executable, "-c", OWNER], env=stage.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip
        assert self._process.stdout.readline() == "open\n", self._process.stderr.read()

    def put(self, **request):
        return self._ask(put=request)

    def end_of(self, id):
        """How it ended, as soon as it has."""
        return self._ask(end=id)

    def _ask(self, **question):
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    def signal(self, number):
        """Send it; a stop has happened and a kill is over when this returns."""
        os.kill(self._process.pid, number)
        if number in (signal.SIGSTOP, signal.SIGKILL):
            os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WSTOPPED | os.WNOWAIT)

    def says(self, sentence):
        """Read what it logs until this comes."""
        said = []
        for line in self._process.stderr:
            said.append(line)
            if sentence in line:
                return
        raise AssertionError("".join(said))

    def leave(self):
        self._process.stdin.close()
        assert self._process.wait(20) == 0

    def end(self):
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            pipe.close()


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.state.mkdir(mode=0o700)
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=RATE) as made:
        yield made


@pytest.fixture
def handle(stage):
    """Opens one more."""
    made = []

    def opened():
        made.append(Handle(stage))
        return made[-1]

    yield opened
    for one in made:
        one.end()


pytestmark = pytest.mark.timeout(60)
LATE = "is another process's now; this late try is dropped"


def stopped_in_mid_transfer(stage, receiver, handle, method):
    """An upload whose process is stopped while it sends, and its digest."""
    first = handle()
    source, digest = stage.file(SIZE)
    id = first.put(source=source, destination=f"{receiver.url}one", method=method)
    receiver.wait_for(bytes=MIB)
    first.signal(signal.SIGSTOP)
    return first, id, digest


@pytest.mark.fault(18)
def test_a_put_woken_late_is_fenced_and_the_record_stays_as_the_other_process_left_it(stage, receiver, handle):
    first, id, digest = stopped_in_mid_transfer(stage, receiver, handle, "PUT")
    second = handle()
    assert second.end_of(id) == "completed"
    assert receiver.requests[1].sha256 == digest
    second.leave()
    before, history = stage.view(id), stage.history(id)

    first.signal(signal.SIGCONT)
    first.says(LATE)

    assert receiver.wait_for(request=1, over=True).sha256 == digest
    assert (before["status"], before["receipt"]["attempts"]) == ("completed", 2)
    assert (stage.view(id), stage.history(id)) == (before, history)
    assert stage.ends(id) == ["completed"]


@pytest.mark.fault(18)
def test_a_post_woken_late_is_stopped_before_its_last_byte(stage, receiver, handle):
    first, id, digest = stopped_in_mid_transfer(stage, receiver, handle, "POST")
    second = handle()
    assert second.end_of(id) == "completed"
    assert receiver.requests[1].sha256 == digest
    second.leave()

    first.signal(signal.SIGCONT)
    first.says(LATE)

    assert [(request.complete, request.status) for request in (receiver.wait_for(request=1, over=True), receiver.requests[1])] == [(False, None), (True, 201)]
    assert stage.ends(id) == ["completed"]


@pytest.mark.fault(18)
def test_what_a_killed_process_was_sending_is_finished_by_a_third(stage, receiver, handle):
    first, second = handle(), handle()
    source, digest = stage.file(SIZE)
    other, other_digest = stage.file(1000, "other.bin")
    id = first.put(source=source, destination=f"{receiver.url}one")
    receiver.wait_for(bytes=MIB)
    first.signal(signal.SIGKILL)

    third = handle()
    other_id = second.put(source=other, destination=f"{receiver.url}two")
    assert (third.end_of(id), second.end_of(other_id)) == ("completed", "completed")
    second.leave()
    third.leave()

    assert 0 < receiver.requests[0].received < SIZE
    assert sorted((request.path, request.sha256) for request in receiver.requests[1:]) == [("/one", digest), ("/two", other_digest)]
    assert (stage.ends(id), stage.ends(other_id)) == (["completed"], ["completed"])
