"""What a program hands over and cannot be taken: one clear sentence, at once, and nothing is left behind."""

import io
import itertools
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
import sendoff.testing
from sendoff.errors import InvalidArgument, NoSpace, SourceUnreadable
from sendoff.model.secret import STARS

FAR = "https://far.example/a"
MIB = 1 << 20


@pytest.fixture
def client():
    with sendoff.testing.client(config={"limits": {"spool": "2M"}}) as made:
        yield made


@pytest.fixture
def uploader(client):
    return sendoff.BackgroundUploader(client)


def left(client):
    """What is stored, and what lies in the spool."""
    spool = Path(client._connection.place.state) / "spool"
    return list(client.find(all=True)), [path for path in spool.rglob("*") if path.is_file()]


class Endless:
    """A stream without an end, which counts what was read of it."""

    def __init__(self):
        self.count = 0

    def read(self, size):
        self.count += size
        return bytes(size)


class Broken:
    """A stream whose disk fails in the middle."""

    def __init__(self, good=1):
        self._good = itertools.count(-good)

    def read(self, size):
        if next(self._good) >= 0:
            raise OSError("my disk")
        return bytes(size)


# -- credentials ------------------------------------------------------------------------------------------------------


def test_a_password_that_is_plain_text_is_made_a_secret_and_is_sent(client):
    login = sendoff.Credential(username="me", secret="open")

    assert "open" not in repr(login) and STARS in repr(login)
    assert client.put(b"x", FAR, credential=login).wait(10).receipt is not None
    assert client.receiver.requests[0].header("Authorization") == "Basic bWU6b3Blbg=="


@pytest.mark.parametrize("given", [{"secret": 5}, {"secret": b"open"}, {"username": 5}])
def test_what_is_no_text_is_no_credential_and_is_not_repeated(given):
    with pytest.raises(InvalidArgument, match="a text") as refused:
        sendoff.Credential(**given)

    assert "open" not in str(refused.value)


def test_a_user_name_with_a_colon_is_refused_wherever_it_is_said(client, uploader):
    login = sendoff.Credential(username="me:too", secret="open")

    with pytest.raises(InvalidArgument, match=r"colon.*RFC 7617"):
        client.put(b"x", FAR, credential=login)
    with pytest.raises(InvalidArgument, match="colon"):
        uploader.server_credential = login
    with pytest.raises(InvalidArgument, match="colon"):
        uploader.proxy_credential = login
    assert left(client) == ([], [])


# -- streams ----------------------------------------------------------------------------------------------------------


def test_an_endless_stream_is_read_no_further_than_the_spool_takes_it(client):
    stream = Endless()

    with pytest.raises(NoSpace, match=r"the source does not fit: the spool would grow past 2.0 MiB; nothing was stored"):
        client.put(stream, FAR)

    assert stream.count <= 3 * MIB and left(client) == ([], [])


def test_an_endless_part_of_a_form_is_read_no_further_either(client):
    stream = Endless()

    with pytest.raises(NoSpace, match="a part of the form does not fit"):
        client.post(FAR, [sendoff.ContentPart("a").set_stream(stream)])

    assert stream.count <= 4 * MIB and left(client) == ([], [])


def test_several_streams_of_one_call_share_the_room(client):
    client.network.become(online=False)
    batch = client.put_many([(io.BytesIO(bytes(MIB)), f"{FAR}{number}") for number in range(3)])

    assert [(place, type(error)) for place, error in batch.errors] == [(2, NoSpace)]
    assert len(left(client)[0]) == 2


def test_standard_input_is_read_no_further_either(tmp_path):
    config = tmp_path / "c.toml"
    config.write_text('[limits]\nspool = "2M"\n')
    command = [sys.executable, "-m", "sendoff", "--state-dir", str(tmp_path / "state"), "--config", str(config)]
    with open("/dev/zero", "rb") as zero:
        answer = subprocess.run([*command, "put", "-", "http://127.0.0.1:9/a"], stdin=zero, capture_output=True, text=True, timeout=60)
    subprocess.run([*command, "host", "stop"], capture_output=True, timeout=60)

    assert answer.returncode == 6 and "standard input does not fit" in answer.stderr and "[limits] spool" in answer.stderr
    assert not [path for path in (tmp_path / "state" / "spool").rglob("*") if path.is_file()]


@pytest.mark.parametrize("good", [0, 1])
def test_a_source_that_fails_is_told_of_as_the_source_and_its_own_error_is_the_cause(client, good):
    with pytest.raises(SourceUnreadable, match="the source cannot be read: my disk; nothing was stored") as failed:
        client.put(Broken(good), FAR)
    with pytest.raises(SourceUnreadable, match="a part of the form cannot be read: my disk"):
        client.post(FAR, [sendoff.ContentPart("a").set_stream(Broken(good))])

    assert isinstance(failed.value.__cause__, OSError) and left(client) == ([], [])


# -- secrets in forms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["set_bytes", "set_stream"])
def test_a_secret_too_long_to_be_sealed_is_refused_and_never_kept_in_clear(client, content):
    secret = b"CANARY" * 20_000
    part = getattr(sendoff.ContentPart("api_key"), content)(secret if content == "set_bytes" else io.BytesIO(secret))

    with pytest.raises(InvalidArgument, match=r"part 'api_key' is a secret because of its name.*64 KiB.*nothing was stored") as refused:
        client.post(FAR, [part])

    assert "another name" in refused.value.hint and left(client) == ([], [])


# -- what is of the wrong kind ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value", "secret"), [("X", 5, None), ("X", 5, True), (5, "x", None)])
def test_a_header_that_is_no_text_is_refused(uploader, name, value, secret):
    with pytest.raises(InvalidArgument, match="both text"):
        uploader.set_request_header(name, value, secret=secret)


def test_a_group_where_its_name_is_expected_is_told_which_call_takes_it(client, uploader):
    with pytest.raises(InvalidArgument, match="current_uploads_for_group"):
        uploader.current_uploads(sendoff.TransferGroup.create("night", client))
    with pytest.raises(InvalidArgument, match="name of a group"):
        uploader.current_uploads(5)


def test_copy_is_true_or_false_for_an_uploader_as_for_put(client, uploader, tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    uploader.copy = "yes"

    for create in (
        lambda: uploader.create_upload(FAR, tmp_path / "a"),
        lambda: uploader.create_multipart_upload(FAR, [sendoff.ContentPart("a").set_text("x")]),
    ):
        with pytest.raises(InvalidArgument, match="copy='yes': True or False"):
            create()
    assert left(client) == ([], [])


@pytest.mark.parametrize("given", [5, None, "a.iso"])
def test_what_holds_no_uploads_is_refused_as_a_whole(client, uploader, given):
    for many in (client.put_many, uploader.create_uploads):
        with pytest.raises(InvalidArgument, match="holds no uploads"):
            many(given)


def test_an_offset_past_the_end_says_where_the_end_is(client, tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 6)

    with pytest.raises(InvalidArgument, match=r"offset 10 lies past its end \(6 bytes\)"):
        client.put(tmp_path / "a", FAR, offset=10)


# -- the testing kit --------------------------------------------------------------------------------------------------


def test_what_is_to_be_deleted_when_it_is_there_is_deleted_in_a_rehearsal_too(client, tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    operation = client.put(tmp_path / "a", FAR, then="delete").wait(10)

    assert operation.receipt.verified == "size"
    for event in client.events(follow=True, operation=operation, types=("source_removed", "source_left")):
        assert event.type == "source_removed"
        break
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(("verify", "seen"), [("size", "size"), ("digest", "server-digest"), ("read-back", "read-back"), (None, "accepted")])
def test_the_receiver_in_memory_is_looked_at_as_was_asked(client, verify, seen):
    assert client.put(b"x", FAR, verify=verify).wait(10).receipt.verified == seen


def test_an_answer_or_a_condition_that_cannot_be_is_refused_in_one_sentence(client, tmp_path):
    for status in ("200", True, 99):
        with pytest.raises(InvalidArgument, match="a number from 200 to 599"):
            client.receiver.answer(status)
    for become in (client.network.become, lambda **said: sendoff.testing.fake_network.become(tmp_path / "network", **said)):
        with pytest.raises(InvalidArgument, match=r"no condition 'onlin'.*online"):
            become(onlin=False)
        with pytest.raises(InvalidArgument, match="True, False or None"):
            become(online="no")


# -- the same again ---------------------------------------------------------------------------------------------------


def test_the_same_put_with_the_same_id_is_the_same_operation_after_its_file_was_let_go_of(client, tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"x")
    first = client.put(path, FAR, id="mine", then="delete").wait(10)
    next(iter(client.events(follow=True, operation=first, types=("source_removed",))))

    again = client.put(path, FAR, id="mine", then="delete")

    assert (again.id, again.number, len(client.receiver.requests)) == (first.id, first.number, 1)
    with pytest.raises(sendoff.errors.IdConflict):
        client.put(path, f"{FAR}other", id="mine", then="delete")
    with pytest.raises(sendoff.errors.SourceMissing):
        client.put(path, FAR, id="another", then="delete")
