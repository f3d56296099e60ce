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
