"""What a program orders, and what it is told where something goes wrong."""

import threading
from contextlib import suppress

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import MIB, PACE, Stage

SIZE = 24 * MIB
SOON = 60
GONE = Rule(do=Answer(410, body=b"it was here once"), path="/gone", times=1)
LOCKED = Rule(do=Answer(401, headers=(("WWW-Authenticate", "Basic"),)), path="/locked", times=1)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("orders")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE, script=[GONE, LOCKED]) as made:
        yield made


@pytest.fixture
def client(stage, receiver):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        for operation in made.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)
        for operation in made.find():
            operation.acknowledge()


@pytest.mark.parity("F61", "F119", "F122")
def test_an_upload_is_paused_and_resumed(client, stage, receiver):
    path, digest = stage.file(SIZE)
    operation = client.put(path, receiver.url)
    receiver.wait_for(bytes=MIB)

    operation.pause()
    receiver.wait_for(over=True)
    stage.until(operation.id, status="paused_by_application")
    assert operation.refresh().status is sendoff.TransferStatus.PAUSED_BY_APPLICATION
    operation.resume()

    assert operation.wait(SOON).receipt.size == SIZE
    assert operation.progress.has_restarted
    assert [(request.received, request.sha256) for request in receiver.requests if request.complete] == [(SIZE, digest)]
    with pytest.raises(sendoff.InvalidState, match="there is nothing to pause"):
        operation.pause()


@pytest.mark.parity("F89", "F122")
def test_whoever_waits_is_told_of_a_cancel_and_a_second_one_is_no_error(client, stage, receiver):
    path, _ = stage.file(SIZE)
    operation = client.put(path, receiver.url)
    handle = operation.attach()
    receiver.wait_for(bytes=MIB)

    assert handle.cancel()

    with pytest.raises(sendoff.UploadCanceled) as caught:
        handle.result(SOON)
    assert sendoff.get_status(caught.value) is sendoff.WebErrorStatus.OPERATION_CANCELED
    assert (handle.done(), operation.cancel(), operation.status) == (True, False, sendoff.TransferStatus.CANCELED)


@pytest.mark.parity("F122", "F143")
def test_a_failure_says_why_and_a_retry_is_a_new_round(client, stage, receiver):
    path, _ = stage.file(1000)
    operation = client.put(path, receiver.url + "gone")

    with pytest.raises(sendoff.UploadFailed, match=r"/gone failed: .*410") as caught:
        operation.wait(SOON)

    assert (caught.value.http_status, sendoff.get_status(caught.value)) == (410, sendoff.WebErrorStatus.GONE)
    assert (operation.error.http_status, operation.response.status_code, operation.open_response(3).read()) == (410, 410, b"was here once")
    assert list(client.find(status="error")) == list(client.find(failed=True)) == [operation]
    operation.retry()
    assert operation.wait(SOON).receipt.size == 1000
    assert list(client.find()) == []


def test_what_only_a_person_can_help_on_ends_a_wait_unless_it_is_patient(client, stage, receiver):
    path, _ = stage.file(1000)
    operation = client.put(path, receiver.url + "locked")

    with pytest.raises(sendoff.NeedsAttention) as caught:
        operation.wait(SOON)
    assert (operation.status, operation.needs["what"]) == (sendoff.TransferStatus.PAUSED_RECOVERABLE, "credential")
    assert caught.value.hint == operation.needs["command"]

    helped = threading.Timer(0.3, operation.resume)
    helped.start()
    assert operation.wait(SOON, patient=True).receipt.size == 1000
    helped.join()


@pytest.mark.parity("F58")
def test_a_header_that_is_set_goes_out_with_the_next_request(client, stage, receiver):
    path, _ = stage.file(1000)
    operation = client.put(path, receiver.url + "locked", headers={"X-A": "1", "X-B": "2"})
    with pytest.raises(sendoff.NeedsAttention):
        operation.wait(SOON)

    operation.set_request_header("X-A", "one")
    operation.set_request_header("X-Token", "open sesame", secret=True)
    operation.remove_request_header("X-B")
    operation.remove_request_header("X-Never")
    operation.resume()
    operation.wait(SOON)

    before, after = receiver.requests
    assert [before.header(name) for name in ("X-A", "X-B", "X-Token")] == ["1", "2", None]
    assert [after.header(name) for name in ("X-A", "X-B", "X-Token")] == ["one", None, "open sesame"]
    with pytest.raises(sendoff.InvalidArgument, match="line break"):
        operation.set_request_header("X-A", "1\n2")


def test_priority_and_cost_policy_can_be_set(client, stage):
    path, _ = stage.file(1000)
    operation = client.put(path, "http://127.0.0.1:9/", start=False)

    operation.priority, operation.cost_policy = sendoff.TransferPriority.HIGH, sendoff.CostPolicy.ALWAYS

    found = client.get(operation.id)
    assert (found.priority, found.cost_policy) == (sendoff.TransferPriority.HIGH, sendoff.CostPolicy.ALWAYS)
    with pytest.raises(sendoff.InvalidArgument, match="priority='urgent': it is one of"):
        operation.priority = "urgent"


def test_the_wait_for_a_batch_ends_when_all_has_and_names_what_went_wrong(client, stage, receiver):
    path, _ = stage.file(1000)
    batch = client.put_many([(path, receiver.url + "1"), (path, receiver.url + "gone"), (path, receiver.url + "2")])

    with pytest.raises(sendoff.UploadFailed, match=r"^1 of 3 uploads failed; the upload to .*/gone failed") as caught:
        batch.wait(SOON)

    assert [line.partition(" failed")[0] for line in caught.value.facts["candidates"]] == [f"the upload to {receiver.url}gone"]
    assert sorted(one.status.word for one in batch) == ["completed", "completed", "error"]
    assert batch.retry() == 1
    assert {one.status.word for one in batch.wait(SOON)} == {"completed"}


@pytest.mark.parity("F87")
def test_a_batch_is_ordered_as_one(client, stage, receiver):
    path, _ = stage.file(1000)
    batch = client.put_many([(path, f"{receiver.url}{number}") for number in range(3)], start=False)

    assert [one.status for one in batch] == [sendoff.TransferStatus.IDLE] * 3
    assert batch.cancel() == 3
    with pytest.raises(sendoff.UploadCanceled, match=r"^3 of 3 uploads were canceled"):
        batch.wait(SOON)
    assert receiver.requests == ()


def test_the_same_put_again_is_the_same_operation_and_what_has_a_receipt_is_not_sent_again(client, stage, receiver):
    path, _ = stage.file(SIZE)
    first = client.put(path, receiver.url + "a")

    again = client.put(path, receiver.url + "a")
    both = client.put_many([(path, receiver.url + "a"), (b"b", receiver.url + "b")])
    first.wait(SOON)
    seen = client.put(path, receiver.url + "a", only_new=True)

    assert (again, seen) == (first, first)
    assert (len(both), both.errors, list(both)[1]) == (2, (), first)
    assert both.wait(SOON).progress.bytes_confirmed == SIZE + 1
    assert client.put(path, receiver.url + "a", again=True) != first


def test_an_id_of_your_own_names_one_request(client, stage, receiver):
    path, _ = stage.file(1000)
    first = client.put(path, receiver.url + "a", id="order-42")

    assert client.put(path, receiver.url + "a", id="order-42") == first == client.get("order-42")
    with pytest.raises(sendoff.IdConflict, match="order-42 is taken"):
        client.put(path, receiver.url + "b", id="order-42")
    with pytest.raises(sendoff.InvalidArgument, match="id names one operation"):
        client.put_many([(path, receiver.url)], id="order-43")


def test_the_history_is_followed_through_the_death_of_a_host(client, stage, receiver):
    path, _ = stage.file(1000)
    first = client.put(path, receiver.url + "1")
    created = next(client.events(operation=first))
    news = client.events(after=created.seq, follow=True, types=["completed"])
    assert next(news).operation == first.id
    stage.kill_host()

    second = client.put(path, receiver.url + "2")

    assert next(news).operation == second.id
    news.close()
    assert [event.operation for event in client.events(types=("completed",))][-2:] == [first.id, second.id]
    with pytest.raises(sendoff.InvalidArgument, match="there is no event 'complete'; did you mean 'completed'"):
        next(client.events(types=("complete",)))


def test_a_callback_that_never_returns_holds_up_no_wait(client, stage, receiver):
    path, _ = stage.file(1000)
    entered, go_on = threading.Event(), threading.Event()
    stuck = client.put(path, receiver.url + "1").attach(lambda _: (entered.set(), go_on.wait(SOON)))
    assert entered.wait(SOON)

    assert client.put(path, receiver.url + "2").attach(lambda _: None).result(SOON).receipt.size == 1000
    assert stuck.result(SOON).receipt.size == 1000
    go_on.set()


@pytest.mark.parity("F179")
def test_a_client_that_is_closed_tells_whoever_waits(client, stage, receiver):
    path, _ = stage.file(SIZE)
    other = sendoff.connect(state_dir=stage.state, config=stage.config)
    operation = other.put(path, receiver.url)
    handle = operation.attach()
    told = threading.Event()
    handle.add_done_callback(lambda _: told.set())

    other.close()
    other.close()

    assert told.wait(SOON)
    with pytest.raises(sendoff.InvalidState, match="closed while it waited; the upload goes on"):
        handle.result(SOON)
    with pytest.raises(sendoff.InvalidState, match="this client is closed"):
        operation.refresh()


def test_a_program_whose_environment_names_another_place_goes_there(stage, receiver, monkeypatch):
    path, _ = stage.file(1000)
    for name in ("SENDOFF_STATE_DIR", "SENDOFF_CONFIG"):
        monkeypatch.setenv(name, stage.environment[name])

    operation = sendoff.put(path, receiver.url)

    assert operation.wait(SOON) == sendoff.get(operation.id)
    assert operation.id in [view["id"] for view in stage.listed()]
    with pytest.raises(sendoff.ConfigurationError, match="does not exist"):
        sendoff.connect(config=stage.folder / "none.toml")


@pytest.mark.parity("F25", "F27")
@pytest.mark.parametrize(
    ("source", "destination", "sentence"),
    [
        (b"x", "http://127.0.0.1:9/folder/", "bytes and streams have no name to put below http://127.0.0.1:9/folder/"),
        (open, "http://127.0.0.1:9/a", "a builtin_function_or_method cannot be uploaded; hand over a path, bytes or a binary file"),
        ("", "http://127.0.0.1:9/a", "the name of the file is empty"),
        ("\udcff", "http://127.0.0.1:9/a", "the name of '\\udcff' is not valid UTF-8"),
        (__file__, 7, "the destination 7 is no text; write scheme://host/path or NAME:path"),
        (__file__, "ftp://127.0.0.1/a", "ftp:// is not supported: FTP sends passwords and files in clear text"),
    ],
    ids=["bytes below a folder", "a function", "an empty name", "a name that is no UTF-8", "a number", "ftp"],
)
def test_what_cannot_be_put_is_refused_in_one_sentence(client, source, destination, sentence):
    with pytest.raises(sendoff.InvalidArgument) as caught:
        client.put(source, destination)

    assert str(caught.value).startswith(sentence)
    assert list(client.find()) == []


def test_a_stream_of_text_is_refused_and_nothing_stays_behind(client, stage):
    with open(stage.config, encoding="utf-8") as text, pytest.raises(sendoff.InvalidArgument, match="the source gives text; open it with mode 'rb'"):
        client.put(text, "http://127.0.0.1:9/a")

    assert [path for path in (stage.state / "spool").rglob("*") if path.is_file()] == []


def test_a_stream_is_not_read_when_everything_else_is_wrong(client, stage):
    with open(stage.config, "rb") as stream:
        with pytest.raises(sendoff.InvalidArgument, match="there is no destination named 'nowhere'"):
            client.put(stream, "nowhere:a")

        assert stream.tell() == 0
