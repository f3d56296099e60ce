"""A form that a Python program hands over: parts of every kind, awaited or not, found again by another process."""

import asyncio
import io
import subprocess
import sys

import pytest
import sendoff
from sendoff import ContentPart, FormPart, InvalidArgument, SourceMissing
from sendoff.testing.receiver import Answer, Rule

from tests.core.parsing import Seen, by_python_multipart
from tests.end_to_end.stage import MIB, Stage

SOON = 60


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all."""
    with Stage(tmp_path_factory.mktemp("python")) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


def seen(receiver, row):
    return by_python_multipart(receiver.stored(row.path), row.header("Content-Type"))


@pytest.mark.parity("F35", "F40", "F43", "F47", "F51")
def test_parts_of_every_kind_arrive_in_their_order(client, stage, receiver):
    path, _ = stage.file(MIB, "film.mp4")
    stream = stage.random.randbytes(300_000)
    parts = [
        ContentPart("title").set_text("née\r\n中"),
        ContentPart("token").set_text("t0ken"),
        ContentPart("blob", "b.bin").set_bytes(b"\0\xff"),
        ContentPart("film").set_file(path).set_header("Content-Type", "video/x-own"),
        ContentPart("piped", "/home/me/p").set_stream(io.BytesIO(stream)),
    ]

    operation = client.post(f"{receiver.url}up/", parts, label="the film").wait(SOON)

    (row,) = receiver.requests
    with open(path, "rb") as film:
        expected = [Seen("title", None, "née\r\n中".encode()), Seen("token", None, b"t0ken"), Seen("blob", "b.bin", b"\0\xff")]
        expected += [Seen("film", "film.mp4", film.read()), Seen("piped", "p", stream)]
    assert (row.method, row.path, seen(receiver, row)) == ("POST", "/up/", expected)
    assert (operation.method, operation.source_file, operation.progress.total_bytes) == ("POST", None, row.size)
    assert operation.parts[3] == FormPart(name="film", filename="film.mp4", type="video/x-own", kind="file", path=stage.folder / "film.mp4", size=MIB)
    assert [(one.kind, one.size) for one in client.get(operation.id).parts] == [("value", 9), ("value", 5), ("value", 2), ("file", MIB), ("spool", 300_000)]


def test_an_upload_that_is_no_form_has_no_parts(client, stage, receiver):
    assert client.put(stage.file(10)[0], receiver.url).parts == ()


def test_a_form_is_awaited(client, receiver):
    async def program():
        operation = await client.apost(f"{receiver.url}form", [ContentPart("a").set_stream(io.BytesIO(b"x" * 100_000))], idempotency_key=True)
        await operation.attach()
        return operation

    operation = asyncio.run(program())

    assert receiver.requests[0].header("Idempotency-Key")
    assert operation.refresh().receipt.size == receiver.requests[0].size


def test_the_functions_of_the_module_post_too(stage, receiver):
    code = f"""
import asyncio, sendoff
part = lambda: [sendoff.ContentPart("a").set_text("1")]
sendoff.post("{receiver.url}one", part()).wait(60)
async def program():
    await (await sendoff.apost("{receiver.url}two", part())).attach()
asyncio.run(program())
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], env=stage.environment, capture_output=True, text=True, timeout=100)

    assert done.returncode == 0, done.stderr
    assert [row.path for row in receiver.requests] == ["/one", "/two"]


@pytest.mark.parity("F142")
def test_a_form_may_wait_for_its_start_and_tells_what_the_server_said(client, receiver):
    receiver.script.add(Rule(do=Answer(201, (), b"asset 17"), method="POST"))
    operation = client.post(f"{receiver.url}form", [ContentPart("a").set_text("1")], start=False)
    assert receiver.requests == ()

    operation.start().result(SOON)

    with operation.open_response() as body:
        assert (operation.response.status_code, body.read(5), body.tell()) == (201, b"asset", 5)
        assert (body.read(), body.tell()) == (b" 17", 8)


class Untouched(io.BytesIO):
    """A stream that must not be read."""

    def read(self, size=-1, /):
        raise AssertionError("it was read")


@pytest.mark.parametrize(
    ("url", "options", "kind", "why"),
    [
        ("nowhere", {}, InvalidArgument, "is not an address"),
        (5, {}, InvalidArgument, "is no text"),
        ("http://127.0.0.1:9/", {"headers": {"Content-Type": "multipart/form-data"}}, InvalidArgument, "a form has its own"),
        ("http://127.0.0.1:9/", {"sha256": "ab"}, InvalidArgument, "without sha256"),
        ("http://127.0.0.1:9/", {"existing": "fail"}, InvalidArgument, "existing"),
        ("http://127.0.0.1:9/", {"only_new": True}, InvalidArgument, "only_new"),
        ("http://127.0.0.1:9/", {"part": "x"}, InvalidArgument, "post\\(\\) has no option 'part'"),
    ],
)
def test_what_is_refused_is_refused_before_a_stream_is_read(url, options, kind, why, client, stage):
    before = len(stage.listed())

    with pytest.raises(kind, match=why):
        client.post(url, [ContentPart("a").set_stream(Untouched())], **options)

    assert len(stage.listed()) == before


def test_a_missing_file_of_a_form_is_told_before_anything_is_stored(client, stage):
    before = len(stage.listed())

    with pytest.raises(SourceMissing, match="nothing-of-this-name"):
        client.post("http://127.0.0.1:9/", [ContentPart("a").set_stream(Untouched()), ContentPart("b").set_file("nothing-of-this-name")])

    assert len(stage.listed()) == before
