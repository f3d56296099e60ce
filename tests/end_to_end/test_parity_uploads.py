"""Uploads as a program makes them, by the rows of the parity table: what is created, what arrives, how it ends."""

import asyncio
import gc
import hashlib
import io
import logging
import subprocess
import sys
import time

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
SIZE = 8 * MIB
CREATES = """
import sys, sendoff
client = sendoff.connect(state_dir=sys.argv[1], config=sys.argv[2])
uploader = sendoff.BackgroundUploader(client)
{more}
print(operation.id, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("uploads")) as made:
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


def created_elsewhere(stage, more):
    """The id of what a program creates, which is killed with its host once it has said so."""
    words = [sys.executable, "-c", CREATES.format(more=more), str(stage.state), str(stage.config)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=stage.environment) as program:
        id = program.stdout.readline().strip()
        assert id, program.stderr.read()
        program.kill()
    stage.kill_host()
    return id


# -- what is set -------------------------------------------------------------------------------------------------------


@pytest.mark.parity("F5")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "FOO", "Foo", "post", "GET"])
def test_a_method_arrives_as_it_was_written(uploader, stage, receiver, method):
    path, digest = stage.file(1000)
    receiver.script.add(Rule(do=Answer(201), path="/a"))
    uploader.method = method

    operation = uploader.create_upload(receiver.url + "a", path)
    operation.start().result(SOON)

    assert [(row.method, row.sha256) for row in receiver.requests] == [(method, digest)]
    assert operation.method == method


@pytest.mark.parity("F5")
def test_where_there_are_no_methods_there_is_none_and_one_that_was_set_is_refused(uploader, stage):
    path, _ = stage.file(1000)

    operations = [uploader.create_upload(url, path) for url in ("sftp://127.0.0.1:9/a", "s3://bucket/a")]

    assert ([operation.method for operation in operations], uploader.method) == ([None, None], "POST")
    for uploader.method in ("POST", "PUT"):
        with pytest.raises(sendoff.InvalidArgument, match=f"--method {uploader.method}: sftp has no methods"):
            uploader.create_upload("sftp://127.0.0.1:9/b", path)
    uploader.method = None
    assert uploader.method == "POST"


def test_a_word_that_is_misspelt_is_no_attribute(uploader):
    with pytest.raises(AttributeError, match=r"has no attribute 'metod'; did you mean 'method'\?"):
        uploader.metod = "PUT"
    with pytest.raises(AttributeError, match=r"has no attribute 'sever_credential'; did you mean 'server_credential'\?"):
        uploader.sever_credential = "env:X"


@pytest.mark.parity("F4", "F5")
def test_that_the_usual_method_is_the_least_durable_is_logged_once(uploader, stage, receiver, caplog):
    path, _ = stage.file(1000)

    with caplog.at_level(logging.WARNING, "sendoff"):
        uploader.create_upload(receiver.url + "1", path)
        uploader.create_uploads([(f"{receiver.url}{number}", path) for number in (2, 3)])
        uploader.method = "PUT"
        uploader.create_upload(receiver.url + "4", path)

    said = [record.getMessage() for record in caplog.records]
    assert said == [f"{receiver.url}1: a POST is not sent again when its answer is lost; a PUT always is: set method, where the server takes it"]


@pytest.mark.parity("F8")
def test_headers_go_out_again_after_the_program_and_its_host_were_killed(client, stage, slow):
    path, digest = stage.file(SIZE)
    id = created_elsewhere(
        stage,
        f'uploader.method = "PUT"\nuploader.set_request_header("X-A", "one")\nuploader.set_request_header("X-B", "hush", secret=True)\n'
        f'operation = uploader.create_upload("{slow.url}a", {path!r})',
    )
    client.get(id).start()
    slow.ledger.wait_until(lambda rows: rows and rows[0].received > MIB, SOON)
    stage.kill_host()

    client.get(id).wait(SOON)

    assert [(row.header("X-A"), row.header("X-B"), row.complete) for row in slow.requests] == [("one", "hush", False), ("one", "hush", True)]
    assert slow.requests[-1].sha256 == digest


@pytest.mark.parity("F14")
def test_the_cost_policy_is_taken_over_and_stays(uploader, stage, receiver):
    path, _ = stage.file(1000)
    uploader.cost_policy = sendoff.CostPolicy.UNRESTRICTED_ONLY

    operation = uploader.create_upload(receiver.url + "a", path)
    uploader.cost_policy = sendoff.CostPolicy.ALWAYS

    assert operation.cost_policy is sendoff.CostPolicy.UNRESTRICTED_ONLY
    assert stage.view(operation.id)["cost_policy"] == "unrestricted-only"


# -- what is created -----------------------------------------------------------------------------------------------------


@pytest.mark.parity("F29")
def test_a_stream_that_was_taken_arrives_though_program_and_host_were_killed(client, stage, receiver):
    content = b"0123456789" * 30_000
    id = created_elsewhere(stage, f"import io\noperation = uploader.create_upload_from_stream('{receiver.url}a', io.BytesIO(b'0123456789' * 30_000), 300_000)")
    operation = client.get(id)
    assert (operation.status, operation.source_file, receiver.requests) == (sendoff.TransferStatus.IDLE, None, ())

    operation.start().result(SOON)

    assert [(row.size, row.sha256) for row in receiver.requests] == [(300_000, hashlib.sha256(content).hexdigest())]


@pytest.mark.parity("F29")
@pytest.mark.parametrize(("length", "sentence"), [(9, "the stream has more, and length says 9"), (11, "the stream ends after 10, and length says 11")])
def test_a_stream_that_is_not_as_long_as_was_said_is_not_stored(uploader, stage, receiver, length, sentence):
    before = len(stage.listed())
    with pytest.raises(sendoff.InvalidArgument, match=sentence):
        uploader.create_upload_from_stream(receiver.url + "a", io.BytesIO(b"0123456789"), length)

    assert len(stage.listed()) == before
    assert [path for path in (stage.state / "spool").rglob("*") if path.is_file()] == []
    assert uploader.create_upload_from_stream(receiver.url + "a", io.BytesIO(b"0123456789"), 10).progress.total_bytes == 10


@pytest.mark.parity("F29")
def test_what_is_no_stream_is_refused(uploader, receiver):
    with pytest.raises(sendoff.InvalidArgument, match="a bytes cannot be read"):
        uploader.create_upload_from_stream(receiver.url, b"bytes")
    with pytest.raises(sendoff.InvalidArgument, match="length=-1: a number of bytes is expected"):
        uploader.create_upload_from_stream(receiver.url + "a", io.BytesIO(b""), -1)


@pytest.mark.parity("F37")
@pytest.mark.parametrize("words", [(), ("http://h/a",), ("http://h/a", "/etc/hostname")])
def test_an_operation_is_not_constructed(words):
    with pytest.raises(TypeError):
        sendoff.UploadOperation(*words)


@pytest.mark.parity("F38")
def test_what_was_created_is_there_after_a_kill_and_was_not_begun(client, stage, receiver):
    path, digest = stage.file(1000)
    id = created_elsewhere(stage, f'operation = uploader.create_upload("{receiver.url}a", {path!r})')

    (operation,) = sendoff.BackgroundUploader(client).current_uploads()
    assert (operation.id, operation.status, operation.started_at, receiver.connections) == (id, sendoff.TransferStatus.IDLE, None, 0)
    operation.start().result(SOON)

    assert [row.sha256 for row in receiver.requests] == [digest]


@pytest.mark.parity("F49", "F140", "F156")
@pytest.mark.parametrize("status", [307, 308])
def test_the_address_that_was_asked_for_stays_after_a_redirect_and_the_answer_says_who_answered(uploader, stage, receiver, status):
    path, digest = stage.file(100_000)
    receiver.script.add(Rule(do=Answer(status, (("Location", "/other"),), then="read"), path="/a"))

    operation = uploader.create_upload(receiver.url + "a", path)
    operation.start().result(SOON)

    assert (operation.requested_url, operation.receipt.url, operation.response.actual_url) == (
        receiver.url + "a",
        receiver.url + "other",
        receiver.url + "other",
    )
    assert [row.sha256 for row in receiver.requests if row.path == "/other"] == [digest]
    with pytest.raises(AttributeError):
        operation.requested_url = receiver.url


# -- how it goes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parity("F80")
def test_many_are_started_without_waiting_for_any_and_gathered(uploader, stage, receiver):
    path, _ = stage.file(1000)
    for number in range(50):
        receiver.script.add(Rule(do=Stall(), path=f"/{number}"))
    uploader.method = "PUT"
    operations = list(uploader.create_uploads([(f"{receiver.url}{number}", path) for number in range(50)]))
    begun = time.monotonic()

    handles = [operation.start() for operation in operations]

    assert time.monotonic() - begun < 10
    assert not any(handle.done() for handle in handles)

    async def gathered():
        return await asyncio.gather(*handles)

    eventually(lambda: receiver.requests)
    receiver.release()
    receiver.hang_up()
    assert asyncio.run(gathered()) == operations


@pytest.mark.parity("F83", "F166")
def test_what_ended_while_nobody_looked_is_listed_until_somebody_attaches(client, stage, receiver):
    path, _ = stage.file(1000)
    id = created_elsewhere(stage, f'uploader.method = "PUT"\noperation = uploader.create_upload("{receiver.url}a", {path!r})\noperation.start()')
    eventually(lambda: stage.view(id)["status"] == "completed")
    uploader = sendoff.BackgroundUploader(client)

    (operation,) = uploader.current_uploads()
    assert (operation.id, operation.status) == (id, sendoff.TransferStatus.COMPLETED)
    assert operation.attach().result(SOON).response.status_code in (201, 204), "its host was killed: it may have been sent before"

    eventually(lambda: uploader.current_uploads() == [])


@pytest.mark.parity("F85")
def test_all_are_attached_to_before_the_first_ends(client, stage, tmp_path):
    path, _ = stage.file(1000)
    rules = [Rule(do=Stall(), path=f"/{number}", at=100) for number in range(3)]
    with Receiver(tmp_path / "stalling", script=rules) as stalling:
        created_elsewhere(
            stage,
            f'uploader.method = "PUT"\nbatch = uploader.create_uploads([(f"{stalling.url}{{n}}", {path!r}) for n in range(3)])\n'
            "batch.start()\noperation = list(batch)[0]",
        )
        handles = [operation.attach() for operation in client.find()]
        stalling.ledger.wait_until(lambda rows: len(rows) >= 3, SOON)
        assert [handle.done() for handle in handles] == [False] * 3

        stalling.release()
        stalling.hang_up()

        assert [handle.result(SOON).status for handle in handles] == [sendoff.TransferStatus.COMPLETED] * 3


@pytest.mark.parity("F88")
def test_a_canceled_upload_lets_go_at_once_whoever_cancels(uploader, stage, tmp_path):
    with Receiver(tmp_path / "slower", rate=8 * MIB) as slower:
        operation = uploader.create_upload_from_stream(slower.url + "a", io.BytesIO(bytes(64 * MIB)))
        handle = operation.start()
        slower.ledger.wait_until(lambda rows: rows and rows[0].received > MIB, SOON)

        stage.run("cancel", operation.id)

        (row,) = slower.ledger.wait_until(lambda rows: rows[0].over, 1.0)
        assert 0 < row.received < 64 * MIB
        with pytest.raises(sendoff.UploadCanceled):
            handle.result(SOON)
    assert operation.status is sendoff.TransferStatus.CANCELED
    eventually(lambda: [path for path in (stage.state / "spool").rglob("*") if path.is_file()] == [])


@pytest.mark.parity("F90")
def test_a_handle_that_is_let_go_stops_nothing(uploader, stage, slow):
    path, digest = stage.file(SIZE)
    operation = uploader.create_upload(slow.url + "a", path)
    handle = operation.start()
    slow.ledger.wait_until(lambda rows: rows and rows[0].received > MIB, SOON)

    del handle
    gc.collect()

    assert operation.wait(SOON).status is sendoff.TransferStatus.COMPLETED
    assert [row.sha256 for row in slow.requests] == [digest]
