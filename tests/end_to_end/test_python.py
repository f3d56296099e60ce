"""A Python program and its uploads, with real hosts, real kills and a real receiver."""

import io
import pickle
import threading
import time

import pytest
import sendoff
from sendoff.api.callbacks import EVERY
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, PACE, Stage

SIZE = 24 * MIB
SOON = 60


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all; whoever kills it leaves the next one."""
    with Stage(tmp_path_factory.mktemp("python")) as made:
        yield made


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


@pytest.mark.parity("F51")
def test_a_file_is_put_waited_for_and_found_again(client, stage, receiver):
    path, digest = stage.file(3 * MIB, "a.iso")

    operation = client.put(path, receiver.url, metadata={"order": 42}, label="the image")
    receipt = operation.wait(SOON).receipt

    assert (receipt.size, receiver.requests[0].sha256) == (3 * MIB, digest)
    assert (operation.status, operation.method, str(operation.source_file)) == (sendoff.TransferStatus.COMPLETED, "PUT", path)
    assert (operation.metadata, operation.label, operation.progress.bytes_confirmed) == ({"order": 42}, "the image", 3 * MIB)
    assert [client.get(name) for name in (operation.id, operation.number, operation.id[:20])] == [operation] * 3
    assert list(client.find(all=True, metadata={"order": 42})) == [operation]
    assert list(client.find(all=True, metadata={"order": 43})) == []
    assert [event.type for event in operation.events()] == ["created", "completed", "acknowledged"]


@pytest.mark.parity("F51")
def test_bytes_and_streams_are_kept_before_the_id_is_given(client, stage, receiver):
    content = stage.random.randbytes(MIB)

    of_bytes = client.put(content, receiver.url + "bytes")
    of_stream = client.put(io.BytesIO(content), receiver.url + "stream")

    assert [one.wait(SOON).receipt.size for one in (of_bytes, of_stream)] == [MIB, MIB]
    assert receiver.stored("/bytes") == receiver.stored("/stream") == content
    assert of_bytes.source_file is None
    assert [path for path in (stage.state / "spool").rglob("*") if path.is_file()] == []


@pytest.mark.parity("F54")
def test_of_many_each_is_answered_for_itself(client, stage, receiver):
    good, _ = stage.file(1000, "good.bin")

    batch = client.put_many(
        [(good, receiver.url + "1"), (stage.folder / "none", receiver.url + "2"), (b"three", receiver.url + "3", {"label": "third"}), (7, receiver.url)],
        group="night",
    )
    batch.wait(SOON)

    assert [(index, type(error)) for index, error in batch.errors] == [(1, sendoff.SourceMissing), (3, sendoff.InvalidArgument)]
    assert [(one.requested_url, one.label, one.group) for one in batch] == [(receiver.url + "1", None, "night"), (receiver.url + "3", "third", "night")]
    assert (len(batch), batch.progress.bytes_confirmed, batch.progress.total_bytes) == (2, 1005, 1005)


def test_a_handle_that_waits_outlives_the_host(client, stage, slow):
    path, digest = stage.file(SIZE)
    operation = client.put(path, slow.url)
    handle = operation.attach()
    slow.wait_for(bytes=MIB)
    stage.kill_host()

    assert handle.result(SOON) is operation
    assert operation.receipt.attempts == 2
    assert [request.sha256 for request in slow.requests if request.complete] == [digest]


def test_waiting_may_end_before_the_upload_does(client, stage, slow):
    path, _ = stage.file(SIZE)
    operation = client.put(path, slow.url)

    with pytest.raises(TimeoutError, match="it goes on"):
        operation.wait(0.01)

    assert operation.wait(SOON).status is sendoff.TransferStatus.COMPLETED
    assert len(slow.requests) == 1


@pytest.mark.parity("F91")
def test_progress_is_told_in_one_named_thread_not_too_often_and_the_last_always(client, stage, slow):
    path, _ = stage.file(SIZE)
    told, threads, ended, begun = [], set(), threading.Event(), time.monotonic()

    def progressed(progress):
        told.append((time.monotonic(), progress.bytes_sent))
        threads.add(threading.current_thread().name)

    handle = client.put(path, slow.url).attach(progressed)
    handle.add_done_callback(lambda done: ended.set())
    handle.result(SOON)

    assert ended.wait(SOON)
    assert told[-1][1] == SIZE
    assert any(0 < count < SIZE for _, count in told)
    assert len(told) - 1 <= (told[-1][0] - begun) / EVERY
    assert threads == {"sendoff-callbacks"}


def test_an_operation_survives_a_pickle(client, stage, receiver):
    path, _ = stage.file(1000)
    operation = client.put(path, receiver.url)

    again = pickle.loads(pickle.dumps(operation))

    assert again == operation
    assert again.wait(SOON).receipt.size == 1000


def test_more_than_fit_one_page_are_found(client, stage, receiver):
    path, _ = stage.file(10)
    batch = client.put_many(((path, f"{receiver.url}{number}") for number in range(1200)), start=False)

    assert (len(batch), len(batch.errors)) == (1200, 0)
    assert len({one.id for one in client.find(batch=batch)}) == len({one.id for one in client.find(batch=batch.number)}) == 1200
    last = list(client.find(batch=batch, limit=700))[-1]
    assert [one.requested_url.rpartition("/")[2] for one in client.find(after=last, limit=2)] == ["700", "701"]
    with pytest.raises(sendoff.InvalidArgument, match="is a batch of several operations"):
        client.get(batch.id)
