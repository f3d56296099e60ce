"""What is tried again and what is not, and how long an answer is waited for: through the Windows class, with its four requests."""

import socket
from contextlib import suppress

import pytest
import sendoff
from sendoff import WebErrorStatus as W
from sendoff.testing.receiver import Answer, Close, Raw, Receiver, Reset, Rule, Stall

from tests.end_to_end.stage import MIB, Stage

SOON = 60
SILENT = 1.0  # seconds until an answer must be there; a body takes longer
ALL = ["PUT"] * 4


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all."""
    with Stage(tmp_path_factory.mktemp("retries")) as made:
        made.config.write_text(f'[retry]\nbackoff = ["0.01s", "0.02s"]\nresponse_timeout = "{SILENT}s"\n')
        yield made


@pytest.fixture
def uploader(stage):
    """PUT, which may be repeated."""
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        made = sendoff.BackgroundUploader(client)
        made.method = "PUT"
        yield made
        for operation in client.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)
            operation.acknowledge()


def failed(uploader, url, source):
    """The error it ended with, and how often it was tried."""
    operation = uploader.create_upload(url, source)
    operation.start()
    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.wait(SOON)
    return caught.value, operation.refresh().progress.attempt


@pytest.mark.parity("F150")
@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 599])
def test_a_server_that_may_do_better_later_is_asked_again(uploader, stage, receiver, status):
    receiver.script.add(Rule(do=Answer(status), times=None))

    error, attempts = failed(uploader, receiver.url + "a", stage.file(1000)[0])

    assert (error.http_status, attempts, [row.method for row in receiver.requests]) == (status, 4, ALL)


@pytest.mark.parity("F150")
@pytest.mark.parametrize("status", [400, 403, 404, 405, 406, 409, 410, 411, 412, 413, 414, 415, 416, 417, 422, 431, 451, 499])
def test_a_server_that_says_no_is_asked_once(uploader, stage, receiver, status):
    receiver.script.add(Rule(do=Answer(status), times=None))

    error, attempts = failed(uploader, receiver.url + "a", stage.file(1000)[0])

    assert (error.http_status, attempts, len(receiver.requests)) == (status, 1, 1)


@pytest.mark.parity("F150")
@pytest.mark.parametrize(
    ("fault", "at", "number"),
    [
        (Reset(), 100, W.CONNECTION_RESET),
        (Close(), 100, None),
        (Close(), None, None),
        (Raw(b"no HTTP at all\r\n\r\n"), None, W.ERROR_HTTP_INVALID_SERVER_RESPONSE),
    ],
    ids=["reset", "closed", "closed-before-the-answer", "nonsense"],
)
def test_a_connection_that_breaks_is_made_again(uploader, stage, receiver, fault, at, number):
    receiver.script.add(Rule(do=fault, at=at, times=None))

    error, attempts = failed(uploader, receiver.url + "a", stage.file(1000)[0])

    assert (attempts, len(receiver.requests)) == (4, 4)
    assert number is None or sendoff.get_status(error) is number


@pytest.mark.parity("F150")
def test_a_server_that_is_not_there_is_asked_again(uploader, stage):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        error, attempts = failed(uploader, f"http://127.0.0.1:{free.getsockname()[1]}/a", stage.file(1000)[0])

    assert (attempts, sendoff.get_status(error)) == (4, W.CANNOT_CONNECT)


@pytest.mark.parity("F146", "F150")
def test_a_server_that_is_silent_after_the_body_is_given_up_and_asked_again(uploader, stage, receiver):
    receiver.script.add(Rule(do=Stall(), times=None))

    error, attempts = failed(uploader, receiver.url + "a", stage.file(1000)[0])

    assert (attempts, len(receiver.requests), sendoff.get_status(error)) == (4, 4, W.TIMEOUT)
    assert all(row.received == 1000 for row in receiver.requests)


@pytest.mark.parity("F146")
def test_a_body_that_takes_longer_than_an_answer_may_is_not_given_up(uploader, stage, tmp_path):
    with Receiver(tmp_path / "slow", rate=2 * MIB) as slow:
        operation = uploader.create_upload(f"{slow.url}a", stage.file(6 * MIB)[0])
        operation.start()

        assert operation.wait(SOON).progress.attempt == 1
        (request,) = slow.requests
        assert request.answered_at - request.began_at > SILENT
