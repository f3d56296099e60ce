"""``BackgroundUploader``: the Windows class's names and literal rules."""

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.end_to_end.stage import Stage

SOON = 60
BUSY = [Rule(do=Answer(503), path="/busy", times=None)]
WHO = Answer(401, (("WWW-Authenticate", 'Basic realm="here"'),))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all."""
    with Stage(tmp_path_factory.mktemp("uploader")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", script=BUSY) as made:
        yield made


@pytest.fixture
def uploader(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        yield sendoff.BackgroundUploader(client)
        for operation in client.find():
            operation.acknowledge()


@pytest.mark.parity("F24", "F50", "F79", "F81", "F117")
def test_an_upload_is_created_by_post_and_begins_when_it_is_started(uploader, stage, receiver):
    path, digest = stage.file(1000)

    operation = uploader.create_upload(receiver.url + "a", path)
    assert (operation.status, operation.reason, operation.method, receiver.requests) == (sendoff.TransferStatus.IDLE, None, "POST", ())
    handle = operation.start()

    assert handle.result(SOON) is operation
    assert operation.status is sendoff.TransferStatus.COMPLETED
    with pytest.raises(sendoff.InvalidState, match=r"was started already"):
        operation.start()
    assert [(request.method, request.size, request.sha256) for request in receiver.requests] == [("POST", 1000, digest)]


def test_the_literal_rule_is_four_requests(uploader, stage, receiver):
    path, _ = stage.file(1000)
    uploader.method = "PUT"
    operation = uploader.create_upload(receiver.url + "busy", path)

    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.start().result(SOON)

    assert (len(receiver.requests), operation.status) == (4, sendoff.TransferStatus.ERROR)
    assert sendoff.get_status(caught.value) is sendoff.WebErrorStatus.SERVICE_UNAVAILABLE


@pytest.mark.parity("F4", "F6", "F7", "F50", "F126")
def test_what_is_set_later_does_not_change_what_is_there(uploader, stage, receiver):
    path, _ = stage.file(1000)
    receiver.script.add(Rule(do=WHO, path="/2", times=1))
    uploader.set_request_header("X-A", "1")
    uploader.set_request_header("x-a", "2")
    uploader.set_request_header("X-Kept", "hush", secret=True)
    uploader.metadata = {"n": 1}
    first = uploader.create_upload(receiver.url + "1", path)
    uploader.remove_request_header("X-A")
    uploader.remove_request_header("X-Never")
    uploader.method, uploader.metadata, uploader.server_credential = "PATCH", {}, sendoff.Credential(username="me", secret=sendoff.Secret("open"))
    second = uploader.create_upload(receiver.url + "2", path)

    for operation in (first, second):
        operation.start().result(SOON)

    one, _, other = sorted(receiver.requests, key=lambda request: request.path)
    assert (one.method, one.header("X-A"), one.header("X-Kept"), one.header("Authorization")) == ("POST", "1, 2", "hush", None)
    assert (other.method, other.header("X-A"), other.header("X-Kept"), other.header("Authorization")) == ("PATCH", None, "hush", "Basic bWU6b3Blbg==")
    assert (first.metadata, second.metadata) == ({"n": 1}, {})
    assert b"hush" not in b"".join(path.read_bytes() for path in stage.state.rglob("*") if path.is_file())


@pytest.mark.parity("F62", "F63")
def test_those_of_a_group_are_seen_by_who_asks_for_it(uploader, stage, receiver):
    path, _ = stage.file(1000)
    plain = uploader.create_upload(receiver.url + "1", path)
    uploader.group = "night"
    batch = uploader.create_uploads([(receiver.url + "2", path), (receiver.url + "3", path, "mine"), (receiver.url + "4", "/no/such/file")])

    grouped = list(batch)
    assert [type(error) for _, error in batch.errors] == [sendoff.SourceMissing]
    assert grouped[1].id == "mine"
    assert uploader.current_uploads() == [plain]
    assert uploader.current_uploads("night") == grouped
    assert uploader.current_uploads(all_groups=True) == [plain, *grouped]
    for operation in uploader.current_uploads(all_groups=True):
        operation.start().result(SOON)
    assert uploader.current_uploads(all_groups=True) == []


@pytest.mark.parametrize("method", ["", "PUT ", "G\x00T", 7])
def test_a_word_that_is_no_method_is_refused_where_it_is_set(uploader, method):
    with pytest.raises(sendoff.InvalidArgument, match="it is a word like POST or PUT"):
        uploader.method = method


def test_a_header_that_cannot_go_out_is_refused_where_it_is_set(uploader):
    with pytest.raises(sendoff.InvalidArgument, match="line break"):
        uploader.set_request_header("X-A", "1\r\nX-B: 2")
    with pytest.raises(sendoff.InvalidArgument, match="sendoff sets this one itself"):
        uploader.set_request_header("Content-Length", "5")


@pytest.mark.parity("F1")
def test_it_costs_nothing_until_something_is_created(tmp_path, monkeypatch):
    monkeypatch.setenv("SENDOFF_STATE_DIR", str(tmp_path / "state"))

    uploader = sendoff.BackgroundUploader()

    assert (uploader.method, uploader.cost_policy, uploader.group, uploader.server_credential) == ("POST", sendoff.CostPolicy.DEFAULT, None, None)
    assert not (tmp_path / "state").exists()
