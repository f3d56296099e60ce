"""How uploads end, through the library: success, failure, answers, and what is left of them."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest
import sendoff
from sendoff.errors import classes
from sendoff.testing.receiver import Answer, Receiver, Reset, Rule

from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
CHUNKED = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n5\r\nfive!\r\n0\r\n\r\n"
FORGOTTEN = """
import sys, sendoff
operation = sendoff.put(sys.argv[1], sys.argv[2], patience=0)
while operation.refresh().status is not sendoff.TransferStatus.ERROR:
    pass
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("ends")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        for operation in made.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)
        for operation in made.find():
            operation.acknowledge()


@pytest.mark.parity("F94")
def test_a_refusal_raises_where_it_is_waited_for_with_status_number_and_operation(client, stage, receiver):
    receiver.script.add(Rule(do=Answer(404, body=b"no such folder"), path="/a"))
    operation = client.put(stage.file(1000)[0], f"{receiver.url}a")

    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.wait(SOON)

    assert (caught.value.http_status, sendoff.get_status(caught.value)) == (404, sendoff.WebErrorStatus.NOT_FOUND)
    assert (caught.value.facts["operation"], operation.status) == (operation.id, sendoff.TransferStatus.ERROR)


@pytest.mark.parity("F95")
def test_a_failure_that_nobody_waits_for_ends_no_program_and_prints_nothing(stage, receiver):
    receiver.script.add(Rule(do=Answer(500), times=None))
    command = [sys.executable, "-W", "error", "-c", FORGOTTEN, stage.file(1000)[0], f"{receiver.url}a"]

    done = subprocess.run(command, env=stage.environment, capture_output=True, text=True, timeout=SOON)

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parity("F147")
@pytest.mark.parametrize(("drops", "ends"), [(3, sendoff.TransferStatus.COMPLETED), (4, sendoff.TransferStatus.ERROR)])
def test_the_uploader_asks_four_times_and_no_more(client, stage, receiver, drops, ends):
    receiver.script.add(Rule(do=Reset(), path="/a", at=500, times=drops))
    uploader = sendoff.BackgroundUploader(client)
    uploader.method = "PUT"
    operation = uploader.create_upload(f"{receiver.url}a", stage.file(1000)[0])

    with suppress(sendoff.UploadFailed):
        operation.start().result(SOON)

    assert (operation.refresh().status, len(receiver.requests)) == (ends, 4)


@pytest.mark.parity("F156")
@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_fails_and_names_its_target(client, stage, receiver, status):
    receiver.script.add(Rule(do=Answer(status, (("Location", f"{receiver.url}moved"),)), path="/a"))
    operation = client.put(stage.file(1000)[0], f"{receiver.url}a", patience=0)

    with pytest.raises(sendoff.UploadFailed, match="/moved") as caught:
        operation.wait(SOON)

    assert (caught.value.http_status, int(sendoff.get_status(caught.value))) == (status, status)


@pytest.mark.parity("F21", "F181")
def test_a_place_that_the_policy_does_not_name_is_refused_and_never_asked(tmp_path):
    with Stage(tmp_path) as stage, Receiver(tmp_path / "received") as receiver:
        stage.config.write_text('[policy]\nallow_hosts = ["*.example"]\n')
        path = stage.file(1000)[0]
        with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
            with pytest.raises(sendoff.Refused, match=r"allow_hosts has \*\.example"):
                client.put(path, receiver.url)
            with pytest.raises(sendoff.Refused):
                sendoff.BackgroundUploader(client).create_upload(receiver.url, path)
            assert list(client.find()) == []
        refused = stage.run("put", path, receiver.url, fine=(2,))

        assert "is not allowed here" in refused.stderr
        assert (receiver.requests, receiver.connections) == ((), 0)


@pytest.mark.parity("F182")
@pytest.mark.parametrize("kind", sorted(classes().values(), key=lambda kind: kind.code), ids=lambda kind: kind.code)
def test_every_error_has_one_root_a_code_a_number_and_says_whether_waiting_helps(kind):
    error = kind("what and where", hint="what to do")

    assert isinstance(error, sendoff.SendoffError) and classes()[kind.code] is kind
    assert isinstance(sendoff.get_status(error), sendoff.WebErrorStatus)
    assert isinstance(error.retryable, bool) and getattr(sendoff, kind.__name__) is kind
    assert (error.message, error.hint, str(error)) == ("what and where", "what to do", "what and where")


@pytest.mark.parity("F164")
def test_a_client_that_is_stopped_stops_no_upload(stage, receiver):
    path, digest = stage.file(24 * MIB)
    waiting = stage.begin("put", "--wait", path, f"{receiver.url}a")
    receiver.wait_for(bytes=MIB)
    os.kill(waiting.pid, signal.SIGSTOP)
    try:
        receiver.wait_for(over=True, timeout=SOON)
    finally:
        os.kill(waiting.pid, signal.SIGCONT)

    assert waiting.communicate(timeout=SOON) and waiting.returncode == 0
    assert [one.sha256 for one in receiver.requests] == [digest]
