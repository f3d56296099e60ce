"""What a program says of a part, and what it is told at once when that cannot be."""

import io
from base64 import b64decode
from pathlib import Path

import pytest
from sendoff import ContentPart, InvalidArgument
from sendoff.api.part import checked_parts
from sendoff.desk.packing import outline, packed
from sendoff.desk.place import Place
from sendoff.errors import SourceMissing, SourceUnsuitable
from sendoff.model.form import MOST_KEPT


@pytest.fixture
def place(tmp_path):
    return Place(state=str(tmp_path / "state"), config=str(tmp_path / "c.toml"))


def one(part):
    return part.loose().part


def spooled(place, path):
    return (tmp_state(place) / path).read_bytes()


def tmp_state(place):
    return Path(place.state) / "spool" / "incoming"


def test_a_file_has_its_own_name_unless_another_or_none_is_said():
    names = [one(ContentPart("a", name).set_file("/x/b.jpg")).filename for name in (None, "c.jpg", "")]

    assert names == ["b.jpg", "c.jpg", ""]


def test_a_relative_path_is_made_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert one(ContentPart("a").set_file("b.jpg")).source.path == f"{tmp_path}/b.jpg"


def test_a_header_that_is_set_again_takes_the_place_of_the_first():
    part = ContentPart("a").set_text("").set_header("Content-Type", "a/b").set_header("content-type", "c/d")

    assert one(part).headers == (("content-type", "c/d"),)


@pytest.mark.parity("F44")
@pytest.mark.parametrize("second", ["set_text", "set_bytes", "set_file", "set_stream"])
@pytest.mark.parametrize("first", ["set_text", "set_bytes", "set_file", "set_stream"])
def test_a_part_holds_one_thing(first, second):
    values = {"set_text": "", "set_bytes": b"", "set_file": "/x", "set_stream": io.BytesIO()}
    part = ContentPart("a")
    getattr(part, first)(values[first])

    with pytest.raises(InvalidArgument, match="has its content already"):
        getattr(part, second)(values[second])


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: ContentPart(5), InvalidArgument),
        (lambda: ContentPart("a\0"), InvalidArgument),
        (lambda: ContentPart("a", 5), InvalidArgument),
        (lambda: ContentPart("a").set_text(b""), InvalidArgument),
        (lambda: ContentPart("a").set_text("\ud800"), InvalidArgument),
        (lambda: ContentPart("a").set_bytes(""), InvalidArgument),
        (lambda: ContentPart("a").set_file(b"x"), InvalidArgument),
        (lambda: ContentPart("a").set_file(""), SourceMissing),
        (lambda: ContentPart("a").set_file("\udcff"), SourceUnsuitable),
        (lambda: ContentPart("a").set_stream(b""), InvalidArgument),
        (lambda: ContentPart("a").set_header("A\r\n", ""), InvalidArgument),
        (lambda: ContentPart("a").set_header("A", "b\nEvil: 1"), InvalidArgument),
        (lambda: ContentPart("a").loose(), InvalidArgument),
        (lambda: checked_parts([]), InvalidArgument),
        (lambda: checked_parts("abc"), InvalidArgument),
        (lambda: checked_parts(5), InvalidArgument),
        (lambda: checked_parts([("a", "b")]), InvalidArgument),
    ],
)
def test_what_cannot_be_is_told_at_once(make, kind):
    with pytest.raises(kind):
        make()


def test_little_travels_with_the_request_and_the_rest_through_the_spool(place):
    streams = [ContentPart(str(size)).set_stream(io.BytesIO(bytes([65]) * size)).loose() for size in (100, MOST_KEPT - 100, 1, 3_000_000)]

    with packed(place, streams) as parts:
        small, exact, over, large = parts
        assert [len(b64decode(part.content)) for part in (small, exact)] == [100, MOST_KEPT - 100]
        assert [len(spooled(place, part.source.path)) for part in (over, large)] == [1, 3_000_000]

    assert list(tmp_state(place).iterdir()) == []


def test_secrets_come_into_the_request_first_because_only_there_they_are_sealed(place):
    with packed(place, [ContentPart("a").set_bytes(bytes(MOST_KEPT)).loose(), ContentPart("api_key").set_text("k").loose()]) as (long, secret):
        assert (long.kind, secret.kind) == ("spool", "value")


def test_a_stream_is_read_when_it_is_packed_and_only_once(place):
    stream = io.BytesIO(b"abc")
    part = ContentPart("a").set_stream(stream)

    assert (outline([part.loose()])[0].content, stream.tell()) == ("", 0)
    with packed(place, [part.loose()]) as (full,):
        assert b64decode(full.content) == b"abc"
    with pytest.raises(InvalidArgument, match="was read already"):
        part.loose()


def test_a_stream_of_text_is_refused(place):
    part = ContentPart("a").set_stream(io.StringIO("abc"))

    with pytest.raises(InvalidArgument, match="mode 'rb'"), packed(place, [part.loose()]):
        pass
