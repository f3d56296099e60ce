"""A form is one body, and what two independent readers find in it is what was put in."""

import os
import random
import tracemalloc
import zlib
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sendoff.errors import InvalidArgument, SourceChanged, SourceMissing
from sendoff.model.form import base_name, block, checked_boundary, content_type, disposition, size_of
from sendoff.model.source import Form, Part, Source
from sendoff.runtime.form import FormReader, body_of
from sendoff.runtime.parts import Parts
from sendoff.runtime.reader import Sameness
from sendoff.runtime.sources import Sources
from sendoff.runtime.spool import Spool

from tests.core.parsing import Seen, by_python_multipart, by_werkzeug, named

BOOT = "this boot"
BOUNDARY = "sendoff-0123456789abcdef"
LOOK = Sources(Spool(Path("/nowhere"), 0), BOOT).look
quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def whole(*parts, **form):
    """Parts as they are asked for, made a form that goes out."""
    return Parts(LOOK, lambda: BOUNDARY).whole(Form(parts=parts, **form))


def value(name, content, **more):
    return Part(name=name, content=b64encode(content).decode(), **more)


def file(name, path, **more):
    return Part(name=name, source=Source(path=str(path)), **more)


def opened(found):
    return FormReader(Source(kind="form", path="", identity=body_of(found.size), form=found.form), BOOT, dict(found.hidden))


def body_from(reader, block=8192):
    """All of it, read from front to back."""
    buffer, out = memoryview(bytearray(block)), bytearray()
    while count := reader.readinto(buffer, len(out)):
        out += buffer[:count]
    return bytes(out)


def body_of_form(*parts, **form):
    found = whole(*parts, **form)
    reader = opened(found)
    try:
        return body_from(reader), content_type(found.form)
    finally:
        reader.close()


# -- what stands on the wire ------------------------------------------------------------------------------------------


def test_a_form_is_written_as_the_rfc_writes_it(tmp_path):
    (tmp_path / "x.jpg").write_bytes(b"\xff\xd8")

    body, kind = body_of_form(value("title", "née".encode()), file("photo", tmp_path / "x.jpg", filename="x.jpg"))

    assert kind == f"multipart/form-data; boundary={BOUNDARY}"
    assert body == (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="title"\r\n\r\nnée\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="x.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
    ).encode() + b"\xff\xd8" + f"\r\n--{BOUNDARY}--\r\n".encode()  # fmt: skip


@pytest.mark.parametrize(
    ("name", "filename", "written"),
    [
        ("a", None, 'form-data; name="a"'),
        ('a"b', 'c"d', 'form-data; name="a%22b"; filename="c%22d"'),
        ("a\r\nb", "c\nd", 'form-data; name="a%0D%0Ab"; filename="c%0Ad"'),
        ("é中", "é中.txt", 'form-data; name="é中"; filename="é中.txt"'),
        ("50%", "a;b=c", 'form-data; name="50%"; filename="a;b=c"'),
    ],
)
def test_names_encode_the_quote_and_line_breaks_and_nothing_else(name, filename, written):
    assert disposition(name, filename) == written


@pytest.mark.parametrize("path", ["/home/me/x.jpg", "x.jpg", "../x.jpg", "C:\\me\\x.jpg", "a/b\\x.jpg"])
def test_a_filename_tells_nobody_where_the_file_lay(path):
    assert base_name(path) == "x.jpg"
    assert b"home" not in body_of_form(value("a", b"1", filename=path))[0]


@pytest.mark.parametrize("boundary", ["a", "0" * 70, "a b", "it's(+_,-./:=?)"])
def test_a_boundary_of_the_callers_is_taken_and_quoted_where_it_must_be(boundary):
    body, kind = body_of_form(value("a", b"1"), boundary=boundary)

    assert body.startswith(f"--{boundary}\r\n".encode()) and body.endswith(f"\r\n--{boundary}--\r\n".encode())
    assert by_python_multipart(body, kind) == by_werkzeug(body, kind) == [Seen("a", None, b"1")]


@pytest.mark.parametrize("boundary", ["0" * 71, "a ", "ä", 'a"b', "a\r\nb", "a\n", "a;b"])
def test_a_boundary_that_may_not_stand_there_is_refused(boundary):
    with pytest.raises(InvalidArgument, match="RFC 2046"):
        checked_boundary(boundary)


def test_a_boundary_of_the_callers_that_occurs_in_a_value_is_refused():
    with pytest.raises(InvalidArgument, match="occurs in a value"):
        whole(value("a", b"x --zzz y"), boundary="zzz")


def test_another_subtype_carries_parts_of_the_callers_own_headers():
    body, kind = body_of_form(Part(headers=(("Content-ID", "<1>"), ("Content-Type", "a/b")), content=""), subtype="related", boundary="b")

    assert (body, kind) == (b"--b\r\nContent-ID: <1>\r\nContent-Type: a/b\r\n\r\n\r\n--b--\r\n", "multipart/related; boundary=b")


def test_a_disposition_of_the_callers_own_is_left_as_it_is():
    own = (("content-disposition", 'form-data; name="mine"; filename="x"'),)

    assert block(Part(name="theirs", filename="y"), own) == own


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((), "at least one part"),
        ((Part(content=""),), "has no name"),
        ((Part(content="", filename="x"),), "a filename and no name"),
        ((Part(name="a"),), "no content"),
        ((Part(name="a", content="?"),), "not base64"),
        ((Part(name="a\0", content=""),), "control character"),
        ((Part(name="a\ud800", content=""),), "UTF-8"),
        ((Part(name="a", filename="b/", content=""),), "behind the last slash"),
        ((Part(name="a", content="", headers=(("X", "a\r\nEvil: 1"),)),), "line break"),
        ((Part(name="a", content="", headers=(("X Y", "a"),)),), "may stand in its name"),
        ((Part(name="a", content="", source=Source(path="/etc/passwd")),), "nothing else"),
        ((Part(name="a", source=Source(kind="form", path="")),), "nothing else"),
        ((Part(name="a", source=Source(path="/nowhere/at/all")),), "there is no file"),
        ((value("a", b"x" * 40_000), value("b", b"x" * 40_000)), "64 KiB in all"),
        ((value("a" * 70_000, b""),), "names and headers"),
        ((value("a", b""),) * 1001, "too many"),
        ((Part(name="a", source=Source(path="/etc/hostname")),) * 101, "too many"),
    ],
)
def test_what_cannot_be_a_form_is_refused_in_one_sentence(parts, why):
    with pytest.raises(InvalidArgument, match=why) as refused:
        whole(*parts)

    assert "\n" not in refused.value.message


def test_a_subtype_is_one_word():
    with pytest.raises(InvalidArgument, match="is a word"):
        whole(value("a", b""), subtype="form-data; boundary=x")


@pytest.mark.parametrize(
    ("filename", "kind"),
    [("a.jpg", "image/jpeg"), ("a.mp4", "video/mp4"), ("a.txt", "text/plain"), ("a.tar.gz", "application/octet-stream"), ("a", "application/octet-stream")],
)
def test_the_type_of_a_file_is_told_from_its_name_unless_it_is_said(filename, kind):
    assert ("Content-Type", kind) in whole(value("a", b"", filename=filename)).form.parts[0].headers
    said = whole(value("a", b"", filename=filename, headers=(("content-type", "x/y"),))).form.parts[0].headers
    assert [value for name, value in said if name.lower() == "content-type"] == ["x/y"]


# -- what servers find in it ------------------------------------------------------------------------------------------

printable = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\\")  # a backslash in a name is read in as many ways as there are readers
names = st.text(st.one_of(printable, st.sampled_from("\"\r\n%;= '")), min_size=1, max_size=30).filter(lambda text: text == text.strip())
filenames = names.filter(lambda text: "/" not in text)
contents = st.one_of(
    st.binary(max_size=300), st.sampled_from([b"\r\n", b"--", f"--{BOUNDARY[:-1]}".encode(), b"\r\n--", b"\r\n" * 9, f"\r\n--{BOUNDARY[:-2]}--\r\n".encode()])
)
texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=300).map(str.encode)
fields = st.tuples(names, st.none(), texts)
files = st.tuples(names, filenames, contents)


@quick
@given(parts=st.lists(st.one_of(fields, files), min_size=1, max_size=8))
def test_two_readers_find_what_was_put_in(parts):
    made, expected = [], []
    with TemporaryDirectory() as folder:
        for place, (name, filename, content) in enumerate(parts):
            expected.append(Seen(named(name), named(filename), content))
            path = Path(folder) / str(place)
            path.write_bytes(content)
            made.append(value(name, content) if filename is None else file(name, path, filename=filename))
        found = whole(*made)
        reader = opened(found)
        body, kind = body_from(reader), content_type(found.form)
        reader.close()

    assert len(body) == found.size == size_of(found.form) == reader.size
    assert by_python_multipart(body, kind) == expected
    seen = [one._replace(type=None) for one in by_werkzeug(body, kind)]
    assert sorted(seen, key=repr) == sorted(expected, key=repr)
    for name in {one.name for one in expected}:
        for is_file in (True, False):
            assert [one for one in seen if (one.name, one.filename is not None) == (name, is_file)] == [
                one for one in expected if (one.name, one.filename is not None) == (name, is_file)
            ]


@quick
@given(
    sizes=st.lists(st.integers(0, 400), min_size=1, max_size=6),
    cuts=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 700)), max_size=20),
    seed=st.integers(),
)
def test_any_piece_of_it_is_the_same_as_in_the_whole(sizes, cuts, seed):
    chance = random.Random(seed)
    with TemporaryDirectory() as folder:
        parts = []
        for place, size in enumerate(sizes):
            content, path = chance.randbytes(size), Path(folder) / str(place)
            path.write_bytes(content)
            parts.append(value("v", content) if place % 3 == 2 else file("f", path))
        found = whole(*parts)
        reader = opened(found)
        body = body_from(reader)
        for offset, length in cuts:
            buffer = memoryview(bytearray(length))
            count = reader.readinto(buffer, offset)
            assert bytes(buffer[:count]) == body[offset : offset + length]
        reader.close()


# -- what is noticed while it is read ---------------------------------------------------------------------------------


@pytest.fixture
def form(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 5000)
    return whole(value("token", b"sealed"), file("a", tmp_path / "a"), file("b", tmp_path / "b"))


def test_a_secret_value_is_not_in_the_form_itself_and_is_sent_all_the_same(form):
    assert form.form.parts[0].sealed and [place for place, _ in form.hidden] == [0]
    assert b64encode(b"sealed").decode() not in repr(form.form)
    assert b"\r\n\r\nsealed\r\n" in body_from(opened(form))


def test_a_form_whose_files_are_as_they_were_is_the_same(form):
    assert opened(form).sameness() is Sameness.SAME


def test_the_file_that_changed_is_named(form, tmp_path):
    (tmp_path / "b").write_bytes(b"another")
    reader = opened(form)

    assert (reader.sameness(), reader.path) == (Sameness.CHANGED, str(tmp_path / "b"))
    assert reader.size == form.size - 5000 + 7 == reader.source.size


def test_a_file_that_another_took_the_place_of_counts_as_moved(form, tmp_path):
    old = tmp_path / "b"
    seen = old.stat()
    (tmp_path / "copy").write_bytes(old.read_bytes())
    os.utime(tmp_path / "copy", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    (tmp_path / "copy").rename(old)

    assert opened(form).sameness() is Sameness.MOVED


def test_a_file_that_changes_while_it_is_read_is_named(form, tmp_path):
    reader = opened(form)
    buffer = memoryview(bytearray(100))
    reader.readinto(buffer, 0)
    with (tmp_path / "b").open("ab") as file:
        file.write(b"more")

    with pytest.raises(SourceChanged, match=f"{tmp_path}/b was changed"):
        reader.readinto(buffer, 100)


def test_a_file_that_vanished_is_named_and_nothing_stays_open(form, tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    (tmp_path / "b").unlink()

    with pytest.raises(SourceMissing, match=f"there is no file {tmp_path}/b"):
        opened(form)

    assert len(os.listdir("/proc/self/fd")) == before


def test_a_form_far_beyond_4_gib_is_read_in_constant_memory(tmp_path):
    path = tmp_path / "film"
    with path.open("wb") as film:
        film.truncate(5 * 2**30)
        film.seek(5 * 2**30 - 4)
        film.write(b"tail")
    tracemalloc.start()
    found = whole(value("token", b"t"), file("film", path))
    reader = opened(found)
    buffer = memoryview(bytearray(2**20))
    count = reader.readinto(buffer, found.size - 2**20)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found.size > 5 * 2**30, count) == (True, 2**20)
    assert bytes(buffer).endswith(f"tail\r\n--{BOUNDARY}--\r\n".encode())
    assert most < 4 * 2**20


def test_the_prefix_of_a_form_is_followed_as_that_of_a_file(form):
    reader = opened(form)
    reader.track()
    body = body_from(reader)
    reader = opened(replace(form))
    assert reader.begins_with((6000, zlib.crc32(body[:6000])))
    assert not reader.begins_with((6000, 1))
