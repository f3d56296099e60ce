"""``kill -9`` at any moment of an upload: the next command's host completes it, once."""

import signal

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, PACE

SIZE = 24 * MIB
LATEST = 16 * MIB  # a kill is drawn up to here: what lies in the kernel's buffers still arrives, and must not complete the upload


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


def killed_in_mid_put(stage, receiver, name):
    """One upload, one kill at a drawn byte; how many bytes had come by then."""
    source, digest = stage.file(SIZE, name)
    request = len(receiver.requests) + 1
    (id,) = stage.put(source, receiver.url)
    host = stage.host()
    receiver.wait_for(request=request, bytes=stage.random.randrange(1, LATEST))
    stage.kill(host)
    broken = receiver.wait_for(request=request, over=True)
    stage.run("list")
    stage.run("wait", id)
    last = receiver.requests[-1]
    assert (last.sha256, last.status, stage.ends(id)) == (digest, 201 if broken.status is None else 204, ["completed"])
    assert stage.view(id)["receipt"]["size"] == SIZE
    return broken.received


def campaign(stage, receiver, operations, say):
    """How many of the kills landed in mid-transfer."""
    received = [killed_in_mid_put(stage, receiver, f"{number}.bin") for number in range(operations)]
    counted = [count for count in received if 0 < count < SIZE]
    say(f"{operations} uploads, one kill -9 each: {len(counted)} in mid-transfer, after {min(counted)} to {max(counted)} of {SIZE} bytes")
    assert len(stage.listed()) == operations
    assert len(receiver.requests) == 2 * operations
    return len(counted)


@pytest.mark.parity("F167")
def test_an_upload_killed_at_a_random_byte_is_completed_by_the_next_host(stage, receiver, say):
    assert campaign(stage, receiver, 3, say) >= 2


@pytest.mark.campaign
def test_of_25_uploads_killed_at_a_random_byte_all_are_completed_by_the_next_host(stage, receiver, say):
    assert campaign(stage, receiver, 25, say) >= 20


@pytest.mark.campaign
def test_a_host_killed_five_times_over_one_upload_still_completes_it(stage, receiver):
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, receiver.url)
    for number in range(1, 6):
        receiver.wait_for(request=number, bytes=MIB)
        stage.kill_host()
        assert 0 < receiver.wait_for(request=number, over=True).received < SIZE
        stage.run("list")
    stage.run("wait", id)
    assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
    assert (stage.ends(id), stage.view(id)["receipt"]["attempts"]) == (["completed"], 6)


@pytest.mark.promise
def test_a_client_that_waits_outlives_the_host_and_starts_the_next(stage, receiver):
    source, digest = stage.file(SIZE)
    (id,) = stage.put(source, receiver.url)
    with stage.begin("wait", id) as waiting:
        receiver.wait_for(bytes=MIB)
        killed = stage.kill_host()
        assert waiting.wait(60) == 0, waiting.stderr.read()
    assert stage.host() != killed
    assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
    assert stage.ends(id) == ["completed"]


@pytest.mark.parity("F160", "F165")
@pytest.mark.parametrize("words", [(), ("--method", "POST")], ids=["PUT", "POST"])
def test_a_client_killed_while_it_waits_never_touches_the_transfer(stage, receiver, words):
    source, digest = stage.file(SIZE)
    with stage.begin("put", "--wait", *words, source, receiver.url) as putting:
        id = putting.stdout.readline().strip()
        receiver.wait_for(bytes=MIB)
        putting.kill()
        assert putting.wait() == -signal.SIGKILL
    stage.run("wait", id)
    assert [(request.complete, request.sha256) for request in receiver.requests] == [(True, digest)]
    assert (stage.ends(id), stage.view(id)["receipt"]["attempts"]) == (["completed"], 1)


def printed_and_killed(stage, times):
    """Each time a client prints an id and the host is killed at once; what the journal has of them afterwards."""
    printed = []
    source, _ = stage.file(100)
    for number in range(times):
        stage.run("host", "start")
        host = stage.host()
        with stage.begin("put", source, f"http://127.0.0.1:9/{number}") as putting:
            id = putting.stdout.readline().strip()
            stage.kill(host)
            putting.wait(60)
        assert id, putting.returncode
        printed.append(id)
    assert len(set(printed)) == times
    return printed, {view["id"] for view in stage.listed()}


@pytest.mark.promise
@pytest.mark.parity("F48")
def test_an_id_that_was_printed_is_in_the_journal_when_the_host_is_killed_at_once(stage):
    printed, stored = printed_and_killed(stage, 5)
    assert stored == set(printed)


@pytest.mark.campaign
def test_of_100_ids_that_were_printed_none_is_lost_when_the_host_is_killed_at_once(stage, say):
    printed, stored = printed_and_killed(stage, 100)
    say(f"{len(printed)} ids printed, the host killed at once each time: {len(set(printed) & stored)} are in the journal")
    assert stored == set(printed)
