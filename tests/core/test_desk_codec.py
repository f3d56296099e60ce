"""The lines between client and host."""

import dataclasses
import json

import pytest
from sendoff.desk import codec
from sendoff.errors import IdConflict, InvalidArgument, SendoffError, UnknownOperation
from sendoff.model.delivery import Demand
from sendoff.model.event import Event
from sendoff.model.operation import Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Created, Order, Query, Question, Selection
from sendoff.model.secret import Credential, Secret
from sendoff.model.source import Form, Part, Source, SourceIdentity

FULL = Request(
    source="/srv/ünï\udce9.bin",
    spool="in-1",
    form=Form(
        parts=(
            Part(name="k", content="dg=="),
            Part(name="f", filename="ä.jpg", headers=(("Content-Type", "image/jpeg"),), source=Source(path="/srv/ä.jpg")),
            Part(headers=(("X-Own", "1"),), source=Source(kind="spool", path="in-2")),
        ),
        subtype="mixed",
        boundary="b",
    ),
    taken=SourceIdentity(size=10, mtime_ns=3, ctime_ns=4, inode=5, device=6),
    offset=3,
    length=4,
    then="move:/srv/done",
    destination="archive:2026/",
    name="a b",
    method="POST",
    headers=(("X-A", "1"), ("X-A", "2")),
    secret_headers=(("Authorization", "env:TOKEN"),),
    credential="file:x",
    identities={"server": Credential(username="me", secret=Secret("s"), expires_at=5), "proxy": Credential(username="p", secret=Secret("w"))},
    id="me-1",
    group="g",
    priority="high",
    cost_policy="always",
    label="two\nlines",
    metadata={"order": 42, "deep": {"a": [1, None, True]}},
    demand=Demand(verify="digest", existing="fail", digest="sha256", expected_sha256="00"),
    idempotency_key="k",
    retry_unsafe=True,
    patience=0,
    attempts=4,
    if_changed="restart",
    options={"part_size": "5M"},
    again=True,
    only_new=(1000, 1_700_000_000_123_456_789),
    recoverable_errors=(6, 403),
    found=True,
    whole=True,
    literal=True,
    client="0196b2c0-0000-7000-8000-000000000001",
)


def test_every_field_of_a_request_survives_the_way():
    blank = Request()
    assert all(getattr(FULL, field.name) != getattr(blank, field.name) for field in dataclasses.fields(Request)), "the example must set every field"

    line = codec.RequestCodec().line(FULL)

    assert line.count(b"\n") == 1
    assert codec.RequestCodec().read(line) == FULL
    assert codec.RequestCodec().read(codec.RequestCodec().line(blank)) == blank


def test_a_field_with_its_default_is_not_sent():
    assert json.loads(codec.RequestCodec().line(Request(source="/a", destination="b:"))) == {"source": "/a", "destination": "b:"}


def test_a_field_that_only_a_newer_client_knows_is_ignored():
    assert codec.RequestCodec().read(b'{"source": "/a", "colour": "red"}') == Request(source="/a")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"source": 5}',
        b'{"source": null}',
        b'{"form": 5}',
        b'{"form": {"parts": {}}}',
        b'{"form": {"boundary": 5}}',
        b'{"form": {"subtype": null}}',
        b'{"form": {"parts": [5]}}',
        b'{"form": {"parts": [{"name": 5}]}}',
        b'{"form": {"parts": [{"content": []}]}}',
        b'{"form": {"parts": [{"headers": [["a"]]}]}}',
        b'{"form": {"parts": [{"source": "/a"}]}}',
        b'{"form": {"parts": [{"source": {"kind": 5}}]}}',
        b'{"name": 5}',
        b'{"headers": "a"}',
        b'{"headers": [["a"]]}',
        b'{"headers": [["a", 1]]}',
        b'{"headers": {"a": "b"}}',
        b'{"metadata": []}',
        b'{"demand": "strict"}',
        b'{"demand": {"verify": 3}}',
        b'{"patience": "3d"}',
        b'{"patience": true}',
        b'{"attempts": 1.5}',
        b'{"retry_unsafe": "yes"}',
    ],
)
def test_whatever_is_no_request_is_refused_in_a_sentence(line):
    with pytest.raises(InvalidArgument) as refused:
        codec.RequestCodec().read(line)

    assert 10 < len(refused.value.message) < 200


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", Secret("x")])
def test_a_request_that_json_cannot_hold_is_refused(value):
    with pytest.raises(InvalidArgument):
        codec.RequestCodec().line(Request(source="/a", metadata={"x": value}))


@pytest.mark.parametrize(
    "answer",
    [
        Created(id="a", number=1, batch="b", url="https://h/ü"),
        Created(id="a", number=1, batch="b", url="u", existing=True, warning="w"),
        IdConflict("taken", hint="another", candidates=["a", "b"]),
        SendoffError("odd"),
    ],
)
def test_what_became_of_a_request_survives_the_way(answer):
    back = codec.read_created(codec.created_line(answer))

    assert type(back) is type(answer)
    assert back == answer if isinstance(answer, Created) else (back.message, back.hint, back.facts) == (answer.message, answer.hint, answer.facts)


def test_an_error_that_ends_the_call_is_raised_by_the_reader():
    raised = codec.line({"raised": {"code": "unknown_operation", "message": "m", "hint": None, "facts": {"candidates": [1]}}})

    for read in (codec.read_created, codec.read_news):
        with pytest.raises(UnknownOperation) as error:
            read(raised)
        assert error.value.facts == {"candidates": [1]}


@pytest.mark.parametrize(
    "news",
    [
        Event(id="e", time=1_700_000_000_000_000, type="created", operation="o", batch="b", round=2, data={"a": [1, {"b": None}]}, seq=9),
        Event(id="e", time=0, type="failed"),
        UploadProgress(operation="o", bytes_sent=1, total_bytes=2, rate=1.5, eta=0.5, has_restarted=True),
        UploadProgress(),
        None,
    ],
)
def test_news_survive_the_way(news):
    assert codec.read_news(codec.news_line(news).removesuffix(b"\n")) == news


@pytest.mark.parametrize(
    "value",
    [
        Query(ids=("a", "b"), numbers=(1, 2), open=False, metadata={"k": 1}, types=("created",), due_after=5),
        Query(),
        Order(verb="resume", details={"now": True}),
        Selection(ids=("a",), all=True),
        Applied(count=2, ids=("a",), skipped=(("b", "was paused"),)),
        Question(what="check", details={"destination": "d"}),
    ],
)
def test_values_of_the_model_survive_the_way(value):
    assert codec.from_document(type(value), json.loads(codec.line(codec.as_document(value)))) == value


@pytest.mark.parametrize("data", [None, 5, "x", [], {"ids": 5}, {"numbers": 3}, {"statuses": None}])
def test_whatever_is_no_query_is_refused(data):
    with pytest.raises(InvalidArgument, match="Query"):
        codec.from_document(Query, data)


def test_no_error_repeats_what_may_be_a_secret():
    for wrong in (
        b'{"secret_headers": "canary"}',
        b'{"secret_headers": [["a", "b", "canary"]]}',
        b'"canary"',
        b'{"source": "canary',
        b'{"patience": "canary"}',
    ):
        with pytest.raises(InvalidArgument) as refused:
            codec.RequestCodec().read(wrong)
        assert "canary" not in str(refused.getrepr(style="short"))
    with pytest.raises(InvalidArgument) as refused:
        codec.environment_of("canary")
    assert "canary" not in refused.value.message


def test_a_credential_survives_the_way_and_its_secret_is_never_in_an_error():
    credential = Credential(kind="bearer", username="u", secret=Secret("canary"), expires_at=7)

    assert codec.read_credential(json.loads(codec.line(codec.credential_document(credential)))) == credential
    assert codec.read_credential(codec.credential_document(None)) is None
    for wrong in ({"secret": ["canary"]}, {"kind": 5, "secret": "canary"}, "canary", {"secret": "canary", "expires_at": "canary"}):
        with pytest.raises(InvalidArgument) as refused:
            codec.read_credential(wrong)
        assert "canary" not in refused.value.message


def test_an_environment_with_bytes_that_are_no_text_survives_the_way():
    environment = {"A": "x\udcff", "B": ""}

    assert codec.environment_of(json.loads(codec.line({"environment": environment}))["environment"]) == environment
    assert codec.environment_of(None) == {}
    for wrong in ([], {"A": 1}, "A=1"):
        with pytest.raises(InvalidArgument):
            codec.environment_of(wrong)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_the_same_in_whatever_pieces_they_come(size):
    text = b"one\n\ntwo\nthree\n" + b"x" * 500 + b"\nlast"
    lines, found = codec.Lines(), []

    for start in range(0, len(text), size):
        found += lines.feed(text[start : start + size])

    assert found + lines.end() == text.split(b"\n")


def test_a_line_without_end_is_refused_before_it_fills_the_memory():
    lines = codec.Lines()

    with pytest.raises(InvalidArgument, match="16 MiB"):
        for _ in range(18):
            lines.feed(b"x" * 2**20)
