"""Bodies of several parts that a program makes: any subtype, any boundary, any part, as their bytes arrive and as strict readers take them apart."""

import asyncio
import base64
import io
from email import message_from_bytes

import pytest
import sendoff
from sendoff import ContentPart, InvalidArgument
from sendoff.testing.receiver import Answer, Rule

from tests.core.parsing import Seen, by_python_multipart, by_werkzeug
from tests.end_to_end.stage import MIB, Stage

SOON = 60
WHO = Answer(401, (("WWW-Authenticate", 'Basic realm="here"'),))


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place for all."""
    with Stage(tmp_path_factory.mktemp("forms")) as made:
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


def sent(receiver):
    """The one body that came, and what its type said."""
    (row,) = (row for row in receiver.requests if row.method == "POST")
    body = receiver.stored(row.path)
    assert row.size == row.received == len(body)
    return row.header("Content-Type"), body


def kept(stage):
    return [path for path in (stage.state / "spool").rglob("*") if path.is_file()]


@pytest.mark.parity("F31", "F46")
def test_parts_arrive_in_their_order_as_form_data(uploader, stage, receiver):
    path, _ = stage.file(MIB, "film.mp4")
    parts = [ContentPart("title").set_text("one"), ContentPart("film").set_file(path), ContentPart("rest").set_stream(io.BytesIO(b"x" * 100_000))]
    uploader.set_request_header("X-A", "1")

    operation = uploader.create_multipart_upload(receiver.url + "up/", parts, id="a-form")
    assert (operation.id, operation.status, receiver.requests) == ("a-form", sendoff.TransferStatus.IDLE, ())
    operation.start().result(SOON)

    type_, body = sent(receiver)
    with open(path, "rb") as film:
        expected = [Seen("title", None, b"one"), Seen("film", "film.mp4", film.read()), Seen("rest", None, b"x" * 100_000)]
    assert type_.startswith("multipart/form-data; boundary=")
    assert by_python_multipart(body, type_) == expected
    assert (receiver.requests[0].header("X-A"), receiver.requests[0].path, operation.progress.total_bytes) == ("1", "/up/", len(body))
    assert kept(stage) == []


@pytest.mark.parity("F31", "F9")
def test_a_form_is_proved_as_any_other_upload(uploader, receiver):
    receiver.script.add(Rule(do=WHO, method="HEAD"))
    uploader.server_credential = sendoff.Credential(username="me", secret=sendoff.Secret("open"))

    uploader.create_multipart_upload(receiver.url + "form", [ContentPart("a").set_text("b")]).start().result(SOON)

    proof = "Basic " + base64.b64encode(b"me:open").decode()
    assert [(row.method, row.header("Authorization")) for row in receiver.requests] == [("HEAD", None), ("POST", proof)]


@pytest.mark.parity("F32", "F39")
def test_another_subtype_carries_parts_of_ones_own_headers_and_nothing_else(uploader, receiver):
    parts = [
        ContentPart().set_header("Content-Type", "application/json").set_header("Content-ID", "<meta>").set_text('{"name": "x"}'),
        ContentPart().set_bytes(b"\0\r\n\xff"),
    ]

    uploader.create_multipart_upload(receiver.url + "related", parts, "related").start().result(SOON)

    type_, body = sent(receiver)
    boundary = type_.partition("boundary=")[2].strip('"')
    assert type_.startswith("multipart/related; boundary=")
    assert body == (
        f"--{boundary}\r\nContent-Type: application/json\r\nContent-ID: <meta>\r\n\r\n".encode()
        + b'{"name": "x"}'
        + f"\r\n--{boundary}\r\n\r\n".encode()
        + b"\0\r\n\xff"
        + f"\r\n--{boundary}--\r\n".encode()
    )
    read = message_from_bytes(f"Content-Type: {type_}\r\n\r\n".encode() + body)
    assert [one.get("Content-ID") for one in read.get_payload()] == ["<meta>", None]


@pytest.mark.parity("F33")
@pytest.mark.parametrize("boundary", ["b", "----WebKitFormBoundary7MA4", "with blank 'and' (more)", "x" * 70])
def test_a_boundary_of_ones_own_goes_out_as_it_is(uploader, receiver, boundary):
    uploader.create_multipart_upload(receiver.url + "form", [ContentPart("a").set_text("c")], boundary=boundary).start().result(SOON)

    type_, body = sent(receiver)
    assert body == f'--{boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\nc\r\n--{boundary}--\r\n'.encode()
    assert by_werkzeug(body, type_) == [Seen("a", None, b"c")]


@pytest.mark.parity("F33")
@pytest.mark.parametrize("boundary", ["", "x" * 71, "ends with a blank ", "né", "a\r\nb", 'say "x"', 7])
def test_one_that_may_not_stand_there_is_refused(uploader, stage, receiver, boundary):
    before = len(stage.listed())
    with pytest.raises(InvalidArgument, match="boundary"):
        uploader.create_multipart_upload(receiver.url, [ContentPart("a").set_text("c")], boundary=boundary)
    assert len(stage.listed()) == before


@pytest.mark.parity("F33")
@pytest.mark.parametrize("make", ["text", "long text", "bytes", "stream"])
def test_one_that_occurs_in_what_is_kept_is_refused_and_nothing_stays(uploader, stage, receiver, make):
    around = b"." * (100 if make == "text" else 2**20 - 5)
    content = around + b"\r\n--mine\r\n" + around
    part = ContentPart("a")
    part = part.set_stream(io.BytesIO(content)) if make == "stream" else part.set_bytes(content) if make == "bytes" else part.set_text(content.decode())
    before = len(stage.listed())

    with pytest.raises(InvalidArgument, match=r"the boundary 'mine' occurs in a (part|value) of the form; choose another one"):
        uploader.create_multipart_upload(receiver.url, [part], boundary="mine")

    assert (len(stage.listed()), kept(stage)) == (before, [])


@pytest.mark.parity("F32")
@pytest.mark.parametrize("subtype", ["", "form data", "a/b", "x\r\ny", None])
def test_a_subtype_that_is_no_word_is_refused(uploader, receiver, subtype):
    with pytest.raises(InvalidArgument, match="subtype"):
        uploader.create_multipart_upload(receiver.url, [ContentPart("a").set_text("c")], subtype)


@pytest.mark.parity("F34")
@pytest.mark.parametrize(
    "parts",
    [[], (), iter(()), "ab", [b"x"], None, [ContentPart("a").set_text("x"), "y"]],
    ids=["empty list", "empty tuple", "empty iterator", "text", "bytes", "none", "one is text"],
)
def test_without_parts_there_is_no_form(client, uploader, stage, receiver, parts):
    before = len(stage.listed())
    ways = [client.post, uploader.create_multipart_upload, lambda url, parts: asyncio.run(client.apost(url, parts))]
    for way in ways:
        with pytest.raises(ValueError, match="parts: one or more ContentPart are expected"):
            way(receiver.url, parts)
    assert len(stage.listed()) == before


@pytest.mark.parity("F39")
def test_a_part_with_nothing_but_ones_own_headers_arrives_unchanged(client, receiver):
    own = 'form-data; name="k"; filename*=UTF-8\'\'n%C3%A9e.txt; x-mine="y z"'
    part = ContentPart().set_header("Content-Disposition", own).set_header("X-Mine", "née 中").set_text("v")

    client.post(receiver.url + "form", [part]).wait(SOON)

    _, body = sent(receiver)
    block = body.partition(b"\r\n")[2].partition(b"\r\n\r\n")[0]
    assert block == f"Content-Disposition: {own}\r\nX-Mine: née 中".encode()


@pytest.mark.parity("F41")
@pytest.mark.parametrize(
    ("given", "told"),
    [("é中.txt", "é中.txt"), ("C:\\me\\x.txt", "x.txt"), ("/home/me/y.txt", "y.txt"), ("..\\..\\z", "z"), ('a"b.txt', "a%22b.txt"), ("😀.png", "😀.png")],
)
def test_a_filename_is_told_without_the_folders_before_it(client, receiver, given, told):
    client.post(receiver.url + "form", [ContentPart("file", given).set_bytes(b"x")]).wait(SOON)

    _, body = sent(receiver)
    line = body.split(b"\r\n")[1].decode()
    assert line == f'Content-Disposition: form-data; name="file"; filename="{told}"'


@pytest.mark.parity("F42", "F40")
def test_a_text_arrives_as_it_is_and_has_a_type_only_when_it_is_given_one(client, receiver):
    text = "née\r\n\n\r中 😀 --\r\n"
    parts = [ContentPart("plain").set_text(text), ContentPart("typed").set_header("Content-Type", "text/plain; charset=utf-8").set_text(text)]

    client.post(receiver.url + "form", parts).wait(SOON)

    type_, body = sent(receiver)
    assert by_python_multipart(body, type_) == [Seen("plain", None, text.encode()), Seen("typed", None, text.encode())]
    blocks = [one.partition(b"\r\n\r\n")[0].strip().split(b"\r\n") for one in body.split(body.partition(b"\r\n")[0]) if b"name=" in one]
    assert blocks == [
        [b'Content-Disposition: form-data; name="plain"'],
        [b'Content-Disposition: form-data; name="typed"', b"Content-Type: text/plain; charset=utf-8"],
    ]


@pytest.mark.parity("F45")
def test_a_part_has_the_type_and_the_disposition_that_it_was_given(client, stage, receiver):
    path, _ = stage.file(1000, "x.bin")
    parts = [
        ContentPart("image", "x.png").set_file(path).set_header("Content-Type", "image/png"),
        ContentPart("ignored").set_header("content-disposition", 'form-data; name="other"; filename="o.txt"').set_bytes(b"o"),
    ]

    client.post(receiver.url + "form", parts).wait(SOON)

    type_, body = sent(receiver)
    with open(path, "rb") as file:
        content = file.read()
    assert by_python_multipart(body, type_) == [Seen("image", "x.png", content), Seen("other", "o.txt", b"o")]
    assert b'name="image"; filename="x.png"\r\nContent-Type: image/png\r\n\r\n' in body
    assert b"ignored" not in body
