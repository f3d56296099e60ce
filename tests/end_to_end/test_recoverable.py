"""An error that an application wants to help with: the upload waits for it instead of failing."""

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Reset, Rule

from tests.end_to_end.stage import Stage

SOON = 60
STATUS, ERROR = sendoff.TransferStatus, sendoff.WebErrorStatus
SCRIPT = [
    Rule(do=Answer(403, body=b"expired"), path="/expiring", times=1),
    Rule(do=Answer(410), path="/gone?sig=old", times=None),
    Rule(do=Answer(422), path="/odd", times=1),
    Rule(do=Answer(410), path="/gone", times=None),
    Rule(do=Answer(503), path="/busy", times=4),
    Rule(do=Reset(), at=10, path="/shaky", times=4),
]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all."""
    with Stage(tmp_path_factory.mktemp("recoverable")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.02s", "0.05s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", script=SCRIPT) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        for operation in made.find():
            operation.cancel()
        for operation in made.find():
            operation.acknowledge()


def waits(operation):
    """It needs its application; the error that says so."""
    with pytest.raises(sendoff.NeedsAttention) as caught:
        operation.wait(SOON)
    return caught.value


@pytest.mark.parity("A14", "F123")
def test_a14_a_token_that_has_expired_is_renewed_and_the_upload_goes_on(client, receiver):
    operation = client.put(b"x" * 1000, f"{receiver.url}expiring", headers={"X-Ticket": "old"}, recoverable_errors=[ERROR.FORBIDDEN])

    error = waits(operation)
    assert (operation.status, operation.reason, operation.current_web_error) == (STATUS.PAUSED_RECOVERABLE, "recoverable_error", ERROR.FORBIDDEN)
    assert (operation.recoverable_errors, operation.error.http_status, operation.open_response().read()) == ((ERROR.FORBIDDEN,), 403, b"expired")
    assert (sendoff.get_status(error), error.http_status, error.hint) == (ERROR.FORBIDDEN, 403, operation.needs["command"])
    operation.set_request_header("X-Ticket", "new")
    operation.resume()

    assert operation.wait(SOON).receipt.size == 1000
    assert operation.current_web_error is None
    assert [request.header("X-Ticket") for request in receiver.requests] == ["old", "new"]
    assert "failed" not in [event.type for event in operation.events()]


@pytest.mark.parity("A14", "F123")
def test_a14_an_address_that_has_expired_is_replaced(client, receiver, stage):
    operation = client.put(b"x" * 1000, f"{receiver.url}gone?sig=old", recoverable_errors=[410])
    assert (waits(operation).http_status, operation.current_web_error) == (410, ERROR.GONE)

    stage.run("set", operation.id, "--url", f"{receiver.url}there?sig=new")
    stage.run("resume", operation.id)

    assert operation.refresh().wait(SOON).receipt.url == f"{receiver.url}there?sig=***"
    assert [request.path for request in receiver.requests] == ["/gone?sig=old", "/there?sig=new"]


@pytest.mark.parity("A14")
def test_a14_who_declines_cancels_it(client, receiver):
    operation = client.put(b"x", f"{receiver.url}gone", recoverable_errors=[ERROR.GONE])
    waits(operation)

    assert operation.cancel()

    with pytest.raises(sendoff.UploadCanceled):
        operation.wait(SOON)
    assert (operation.status, len(receiver.requests)) == (STATUS.CANCELED, 1)


@pytest.mark.parity("F123")
def test_what_is_not_listed_fails_and_the_list_can_be_changed(client, receiver):
    operation = client.put(b"x", f"{receiver.url}gone", recoverable_errors=[ERROR.FORBIDDEN, 422], start=False)
    assert operation.recoverable_errors == (ERROR.FORBIDDEN, 422)

    operation.recoverable_errors = [ERROR.GONE]
    operation.start()
    waits(operation)
    operation.recoverable_errors = []
    operation.resume()

    with pytest.raises(sendoff.UploadFailed):
        operation.wait(SOON)
    assert (operation.recoverable_errors, operation.current_web_error) == ((), ERROR.GONE)
    assert [event.data for event in operation.events() if event.type == "changed"] == [{"set": ["recoverable errors"]}] * 2


@pytest.mark.parity("F123")
def test_a_status_that_windows_has_no_number_for_can_be_listed(client, receiver):
    operation = client.put(b"x", f"{receiver.url}odd", recoverable_errors=[422])

    waits(operation)
    assert (operation.current_web_error, operation.error.http_status) == (ERROR.UNEXPECTED_CLIENT_ERROR, 422)
    operation.resume()

    operation.wait(SOON)


@pytest.mark.parity("F123")
@pytest.mark.parametrize(("name", "listed"), [("busy", ERROR.SERVICE_UNAVAILABLE), ("shaky", ERROR.CONNECTION_RESET)])
def test_where_waiting_may_help_it_is_tried_again_before_anybody_is_asked(client, receiver, name, listed):
    uploader = sendoff.BackgroundUploader(client)
    uploader.method, uploader.recoverable_errors = "PUT", [listed]
    operation = uploader.create_upload(f"{receiver.url}{name}", b"x" * 1000)
    operation.start()

    waits(operation)
    assert (len(receiver.requests), operation.current_web_error) == (4, listed)
    operation.resume()

    assert (operation.wait(SOON).receipt.size, len(receiver.requests)) == (1000, 5)


@pytest.mark.parity("F123")
def test_a_command_lists_them_too(stage, receiver):
    path, _ = stage.file(1000)
    (id,) = stage.put(path, f"{receiver.url}expiring", "--recoverable-errors", "forbidden, 410")

    done = stage.run("wait", id, fine=(6,))
    assert "sendoff resume" in done.stderr and stage.view(id)["recoverable_errors"] == [403, 410]
    stage.run("set", id, "--recoverable-errors", "")
    stage.run("resume", id)
    stage.run("wait", id)

    assert stage.view(id)["recoverable_errors"] == []
    assert "'gnoe' is no error that can be listed" in stage.run("put", path, receiver.url, "--recoverable-errors", "gnoe", fine=(2,)).stderr
