"""How far an upload is and what the server answered, as those see it who look and those who are told."""

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Raw, Receiver, Reset, Rule

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
SIZE = 8 * MIB


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("progress")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.5s", "0.5s"]\n')
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        for operation in made.find():
            operation.cancel()
            operation.acknowledge()


@pytest.fixture
def uploader(client):
    return sendoff.BackgroundUploader(client)


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "slow", rate=PACE) as made:
        yield made


@pytest.mark.parity("F56")
def test_progress_is_a_value_of_its_own_each_time(uploader, stage, slow):
    path, _ = stage.file(SIZE)
    operation = uploader.create_upload(slow.url + "a", path)
    operation.start()
    slow.ledger.wait_until(lambda rows: rows and rows[0].received > MIB, SOON)

    one, other = operation.refresh().progress, operation.progress

    assert one is not other
    assert one == other
    assert 0 <= one.bytes_confirmed <= one.bytes_sent <= one.total_bytes == SIZE
    assert (one.status, one.reason, one.attempt) == (sendoff.TransferStatus.RUNNING, None, 1)
    with pytest.raises(AttributeError):
        one.bytes_sent = 5


@pytest.mark.parity("F92", "F130")
def test_bytes_never_go_down_within_a_try_and_a_new_one_is_said_once_to_each_who_listens(uploader, stage, tmp_path):
    path, _ = stage.file(SIZE)
    told = {"one": [], "other": []}
    with Receiver(tmp_path / "received", rate=8 * MIB, script=[Rule(do=Reset(), at=SIZE // 2)]) as receiver:
        uploader.method = "PUT"
        operation = uploader.create_upload(receiver.url + "a", path)
        handles = [operation.start(told["one"].append), operation.attach(told["other"].append)]
        for handle in handles:
            handle.result(SOON)
        eventually(lambda: all(some and some[-1].bytes_confirmed == SIZE for some in told.values()))

    for some in told.values():
        attempts = [one.attempt for one in some]
        assert (attempts == sorted(attempts), set(attempts) >= {1, 2}) == (True, True)
        for attempt in set(attempts):
            sent = [one.bytes_sent for one in some if one.attempt == attempt]
            assert sent == sorted(sent)
        assert [one.attempt for one in some if one.has_restarted] == [2]
        assert next(one.bytes_sent for one in some if one.has_restarted) < SIZE


@pytest.mark.parity("F127", "F137", "F144")
def test_every_field_of_progress_says_what_happened(uploader, stage, receiver):
    path, _ = stage.file(1000)
    answer = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n3\r\n you\r\n0\r\n\r\n"
    receiver.script.add(Rule(do=Raw(answer), path="/a"))
    receiver.script.add(Rule(do=Answer(200, body=b"hello you", then="read"), path="/b"))
    told = []
    operation = uploader.create_upload(receiver.url + "a", path)
    assert (operation.response, operation.progress.bytes_received, operation.progress.percent) == (None, 0, 0.0)

    operation.start(told.append).result(SOON)

    eventually(lambda: told and told[-1].status is sendoff.TransferStatus.COMPLETED)
    last = told[-1]
    assert (last.bytes_sent, last.total_bytes, last.percent, last.attempt, last.has_restarted) == (1000, 1000, 100.0, 1, False)
    assert (last.bytes_received, last.total_bytes_to_receive, last.answers) == (8, 0, 1)
    assert next(one.has_response_changed for one in told if one.answers == 1)
    assert operation.open_response().read() == b"hello you"[:5] + b" yo"
    other = uploader.create_upload(receiver.url + "b", path)
    other.start().result(SOON)
    assert (other.progress.bytes_received, other.progress.total_bytes_to_receive) == (9, 9)
    empty = uploader.create_upload(receiver.url + "c", b"")
    assert empty.progress.percent == 100.0


@pytest.mark.parity("F131", "F136")
def test_each_newer_answer_is_told_once_and_is_another_object(uploader, stage, tmp_path):
    path, _ = stage.file(4 * MIB)
    told = []
    with Receiver(tmp_path / "received", rate=8 * MIB, script=[Rule(do=Answer(500), path="/a")]) as receiver:
        uploader.method = "PUT"
        operation = uploader.create_upload(receiver.url + "a", path)
        handle = operation.start(told.append)
        eventually(lambda: operation.refresh().response is not None)
        first = operation.response
        assert (first.status_code, operation.response is first) == (500, True)
        handle.result(SOON)

    assert (operation.response.status_code, operation.response is first, operation.response is operation.response) == (201, False, True)
    eventually(lambda: told[-1].answers == 2)
    assert [one.answers for one in told if one.has_response_changed] == [1, 2]


@pytest.mark.parity("F137")
def test_without_an_answer_there_is_none(client, stage):
    path, _ = stage.file(1000)
    waiting = client.put(path, "http://127.0.0.1:9/a", start=False)
    refused = client.put(path, "http://127.0.0.1:9/b", patience=0)
    with pytest.raises(sendoff.UploadFailed):
        refused.wait(SOON)

    assert (waiting.response, refused.response) == (None, None)
    assert refused.open_response().read() == b""


@pytest.mark.parity("F138", "F139", "F141")
def test_an_answer_is_read_however_its_headers_are_written(uploader, stage, receiver):
    path, _ = stage.file(1000)
    fields = (("x-UPPER", "1"), ("X-Upper", "2"), ("Set-Cookie", "a=b"))
    receiver.script.add(Rule(do=Answer(202, fields, body=b"{}", then="read"), path="/a"))
    operation = uploader.create_upload(receiver.url + "a", path)
    operation.start().result(SOON)

    response = operation.response

    assert (response.status_code, response.actual_url, response.is_resumable, response.body) == (202, receiver.url + "a", False, 2)
    assert response.headers["content-length"] == response.headers["Content-Length"] == "2"
    assert (response.headers["X-UPPER"], response.headers["set-cookie"]) == ("1, 2", "***")
    assert [one for one in response.headers.raw if one[0].lower() == "x-upper"] == [("x-UPPER", "1"), ("X-Upper", "2")]
    assert ("x-upper" in response.headers, "x-none" in response.headers, response.headers.get("x-none")) == (True, False, None)
