"""Several processes on one journal: whoever was taken over comes late, is refused, and changes nothing."""

import signal

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.handle import Handle
from tests.end_to_end.stage import MIB, Stage

SIZE = 24 * MIB
RATE = 16 * MIB


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
