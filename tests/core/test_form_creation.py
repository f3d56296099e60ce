"""A form from request to end: what is refused, what is kept where, and what becomes of it."""

import json
import os
from base64 import b64encode

import pytest
from sendoff.cli.schema import document
from sendoff.errors import IdConflict, InvalidArgument, InvalidState, NoSpace, SourceMissing, SourceUnsuitable, UnsupportedScheme
from sendoff.hookspecs import Change, hookimpl
from sendoff.model.delivery import Demand
from sendoff.model.operation import Request
from sendoff.model.query import Created
from sendoff.model.source import Form, Part, Source
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import QUICK, Owned, eventually
from tests.core.parsing import Seen, by_python_multipart
from tests.core.test_schema import of
from tests.core.test_spool import copies, incoming


def value(name, content, **more):
    return Part(name=name, content=b64encode(content).decode(), **more)


def file(name, path, **more):
    return Part(name=name, source=Source(path=str(path)), **more)


def spooled(name, copy):
    return Part(name=name, filename=copy, source=Source(kind="spool", path=copy))


def request(url, *parts, **more):
    return Request(form=Form(parts=parts), destination=url, **more)


def posted(owned, url, *parts, **more):
    """The id of a form that was taken."""
    (created,) = owned.create(request(url, *parts, **more))
    assert isinstance(created, Created), created
    return created.id


def arrived(receiver, path="form"):
    """What a server finds in the form that it got."""
    (row,) = [one for one in receiver.requests if one.complete and one.path == f"/{path}"]
    return by_python_multipart(receiver.stored(path), row.header("Content-Type"))


# -- it arrives -------------------------------------------------------------------------------------------------------


def test_a_form_is_one_post_of_exact_length(owned, receiver):
    path = owned.file(content=os.urandom(100_000))

    id = posted(owned, f"{receiver.url}form", value("a", b"1"), file("photo", path, filename="p.jpg"))

    view = owned.done(id)
    (row,) = receiver.requests
    assert arrived(receiver) == [Seen("a", None, b"1"), Seen("photo", "p.jpg", path.read_bytes())]
    assert (row.method, row.size, view["progress"]["total_bytes"], view["receipt"]["size"]) == ("POST", row.received, row.received, row.received)
    assert view["source"] == {
        "kind": "form",
        "parts": [
            {"name": "a", "filename": None, "type": None, "kind": "value", "path": None, "size": 1},
            {"name": "photo", "filename": "p.jpg", "type": "image/jpeg", "kind": "file", "path": str(path), "size": 100_000},
        ],
        "size": row.received,
    }
    of("operation").validate(json.loads(json.dumps(view)))
    assert document()["$defs"]["operation"]["properties"]["source"]["oneOf"]


@pytest.mark.parametrize("path", ["", "up/", "up/?a=1", "up/one", "?a=b"])
def test_the_address_is_taken_as_it_stands(path, owned, receiver):
    owned.done(posted(owned, f"{receiver.url}{path}", value("a", b"1")))

    assert [row.path for row in receiver.requests] == [f"/{path}"]


@pytest.mark.parametrize(("word", "path"), [("media:", "/in/"), ("media:up", "/in/up"), ("media:up/", "/in/up/"), ("one:", "/exactly")])
def test_a_configured_destination_is_taken_as_it_stands(word, path, tmp_path, receiver):
    config = f'{QUICK}[destinations.media]\nurl = "{receiver.url}in/"\nmethod = "PUT"\n[destinations.one]\nurl = "{receiver.url}exactly"\n'
    with Owned(tmp_path, config=config) as owned:
        owned.done(posted(owned, word, value("a", b"1")))

    assert [(row.method, row.path) for row in receiver.requests] == [("POST", path)]


def test_what_a_destination_demands_of_files_is_not_asked_of_a_form(tmp_path, receiver):
    section = f'[destinations.media]\nurl = "{receiver.url}in/"\nexisting = "fail"\nverify = "digest"\n'
    with Owned(tmp_path, config=QUICK + section) as owned:
        owned.done(posted(owned, "media:up", value("a", b"1")))
        (created,) = owned.create(Request(source=str(owned.file()), destination="media:raw", method="POST", whole=True, options={"verify": "auto"}))
        owned.until(created.id, "completed", "error")

    assert [(row.method, row.path, row.header("If-None-Match")) for row in receiver.requests if row.method == "POST"] == [
        ("POST", "/in/up", None),
        ("POST", "/in/raw", None),
    ]


def test_two_posts_of_the_same_form_are_two_things_and_neither_waits(busy, owned, receiver):
    ids = [posted(owned, f"{receiver.url}form", value("a", b"1")) for _ in range(2)]

    assert [owned.record(id).target for id in ids] == [None, None]
    busy()
    for id in ids:
        owned.done(id)
    assert len(receiver.requests) == 2


def test_what_a_client_has_spooled_is_sent_and_removed(owned, receiver):
    for name in ("one", "two"):
        os.close(incoming(owned, name, name.encode() * 50_000))

    id = posted(owned, f"{receiver.url}form", spooled("a", "one"), value("b", b"2"), spooled("c", "two"))

    owned.done(id)
    assert [len(one.content) for one in arrived(receiver)] == [150_000, 1, 150_000]
    assert [part["kind"] for part in owned.view(id)["source"]["parts"]] == ["spool", "value", "spool"]
    eventually(lambda: copies(owned) == [])


def test_the_copies_of_a_form_stay_for_the_next_owner(owned, receiver):
    for name in ("one", "two"):
        os.close(incoming(owned, name))
    (created,) = owned.create(request(f"{receiver.url}form", spooled("a", "one"), spooled("b", "two")), start=False)
    (owned.state / "spool" / "orphan").write_bytes(b"")
    owned.reopen()
    eventually(lambda: copies(owned) == ["one", "two"], "the orphan's end")

    owned.order("start", created.id)

    owned.done(created.id)


def test_copies_that_do_not_fit_leave_nothing_behind(tmp_path):
    with Owned(tmp_path, config=QUICK + '[limits]\nspool = "1K"\n') as owned:
        os.close(incoming(owned, "one", b"x" * 800))
        os.close(incoming(owned, "two", b"x" * 800))

        (answer,) = owned.create(request("http://127.0.0.1:9/", spooled("a", "one"), spooled("b", "two")))

        assert isinstance(answer, NoSpace)
        assert (owned.records(), copies(owned)) == ([], ["incoming/two"])


# -- what is refused --------------------------------------------------------------------------------------------------

WHY = [
    ({"headers": (("Content-Type", "multipart/form-data"),)}, "header Content-Type: a form has its own"),
    ({"secret_headers": (("content-TYPE", "x/y"),)}, "a form has its own"),
    ({"only_new": (1, 1)}, "without only_new"),
    ({"demand": Demand(expected_sha256="ab")}, "without sha256"),
    ({"demand": Demand(existing="skip")}, "existing: a form makes a new thing"),
    ({"options": {"existing": "fail"}}, "existing: a form makes a new thing"),
    ({"options": {"verify": "read-back"}}, "verify: a form makes a new thing"),
    ({"demand": Demand(digest="sha256")}, "digest: a form makes a new thing"),
    ({"source": "/a"}, "without a source"),
    ({"method": "GET"}, "carries no file"),
    ({"destination": "nowhere"}, "is not an address"),
    ({"destination": "http://u:p@h/x"}, "a password may not stand"),
    ({"destination": "http://h/../x"}, "may not climb"),
]


@pytest.mark.parametrize(("more", "why"), WHY)
def test_what_makes_no_sense_for_a_form_is_refused_and_nothing_stored(more, why, owned):
    (answer,) = owned.create(Request(**{"form": Form(parts=(value("a", b"1"),)), "destination": "http://127.0.0.1:9/x", **more}))

    assert isinstance(answer, InvalidArgument) and why in answer.message and "\n" not in answer.message
    assert owned.records() == []


@pytest.mark.parametrize("more", [{"form": Form(parts=(value("a", b"1"),))}, {"source": "/etc/hostname", "whole": True, "method": "POST"}])
def test_a_post_goes_over_http_only(more, owned):
    (answer,) = owned.create(Request(destination="plain://10.0.0.1/x", **more))

    assert isinstance(answer, UnsupportedScheme) and "http:// and https:// only" in answer.message


def test_a_file_of_a_form_is_looked_at_when_it_is_created(owned, tmp_path):
    url = "http://127.0.0.1:9/x"
    missing, folder, double = owned.create(
        request(url, file("a", tmp_path / "nothing")), request(url, file("a", tmp_path)), request(url, spooled("a", "one"), spooled("b", "one"))
    )

    assert [type(one) for one in (missing, folder)] == [SourceMissing, SourceUnsuitable]
    assert isinstance(double, InvalidArgument)
    assert owned.records() == []


def test_a_configured_content_type_gives_way_to_the_forms_own(tmp_path, receiver):
    section = f'[destinations.api]\nurl = "{receiver.url}form"\nheaders = {{ Content-Type = "application/json", X-Mine = "1" }}\n'
    with Owned(tmp_path, config=QUICK + section) as owned:
        owned.done(posted(owned, "api:", value("a", b"1")))

    (row,) = receiver.requests
    assert row.header("Content-Type").startswith("multipart/form-data; boundary=") and row.header("X-Mine") == "1"


# -- under its own id -------------------------------------------------------------------------------------------------


def test_the_same_form_under_the_same_id_is_the_same_operation_and_another_is_refused(owned, tmp_path):
    url, path = "http://127.0.0.1:9/x", owned.file()
    asked = [value("a", b"1"), value("token", b"secret"), file("f", path)]
    first, same = (owned.create(request(url, *asked, id="mine"), start=False)[0] for _ in range(2))
    other, elsewhere, longer = (
        owned.create(request(url, *parts, id="mine"))[0] for parts in ([value("a", b"2"), *asked[1:]], [*asked[:2], file("g", path)], [*asked, value("b", b"")])
    )

    assert (first.existing, same.existing) == (False, True)
    assert [type(one) for one in (other, elsewhere, longer)] == [IdConflict] * 3
    assert "other parts" in other.message and "secret" not in other.message + longer.message


# -- secrets ----------------------------------------------------------------------------------------------------------


def journal_bytes(owned):
    return b"".join(path.read_bytes() for path in owned.state.rglob("*") if path.is_file())


def test_a_value_that_is_named_like_a_secret_is_sealed_and_erased_at_the_end(owned, receiver, caplog):
    caplog.set_level("DEBUG")
    canary, plain = b"canary-7f3a91c0", b"a title"

    id = posted(owned, f"{receiver.url}form", value("upload_token", canary), value("title", plain))

    assert [one.content for one in arrived_in(owned, receiver, id)] == [canary, plain]
    assert owned.record(id).sealed is None
    assert canary.decode() not in caplog.text
    owned.close()
    found = journal_bytes(owned)
    assert b64encode(plain) in found
    assert canary not in found and b64encode(canary) not in found


def arrived_in(owned, receiver, id):
    owned.done(id)
    return arrived(receiver)


def test_a_secret_value_does_not_go_out_in_clear_text(owned):
    (answer,) = owned.create(request("http://h.example/x", value("token", b"t")))
    (fine,) = owned.create(request("http://h.example/x", value("design", b"t")), start=False)

    assert isinstance(answer, InvalidArgument) and "clear text" in answer.message
    assert isinstance(fine, Created)


def test_a_form_whose_secret_value_was_erased_cannot_be_retried(owned):
    (created,) = owned.create(request("http://127.0.0.1:9/x", value("token", b"t")), start=False)
    owned.order("cancel", created.id)

    with pytest.raises(InvalidState, match="the value of the part token was erased"):
        owned.order("retry", created.id)


def test_a_failed_form_is_retried_with_its_secret_and_its_copies(owned, receiver):
    receiver.script.add(Rule(do=Answer(403)))
    os.close(incoming(owned))
    id = posted(owned, f"{receiver.url}form", value("token", b"t"), spooled("f", "one"))
    owned.until(id, "error")

    owned.order("retry", id)

    owned.done(id)
    assert [one.name for one in arrived_in_second(receiver)] == ["token", "f"]


def arrived_in_second(receiver):
    return by_python_multipart(receiver.stored("form"), receiver.requests[1].header("Content-Type"))


# -- while it waits ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("act", "code"), [(lambda path: path.write_bytes(b"other"), "source_changed"), (lambda path: path.unlink(), "source_missing")], ids=["changed", "gone"]
)
def test_a_file_that_is_not_what_was_queued_ends_the_form_and_is_named(act, code, owned, receiver):
    first, second = owned.file("first"), owned.file("second")
    (created,) = owned.create(request(f"{receiver.url}form", file("a", first), file("b", second)), start=False)
    act(second)

    owned.order("start", created.id)

    error = owned.until(created.id, "error")["error"]
    assert (error["code"], str(second) in error["message"], str(first) in error["message"]) == (code, True, False)
    assert receiver.requests == ()


def test_a_form_may_start_over_with_what_its_files_are_now(owned, receiver):
    path = owned.file("growing", b"short")
    (created,) = owned.create(request(f"{receiver.url}form", value("a", b"1"), file("f", path), if_changed="restart"), start=False)
    path.write_bytes(b"much longer")

    owned.order("start", created.id)

    view = owned.done(created.id)
    assert [one.content for one in arrived(receiver)] == [b"1", b"much longer"]
    assert (view["source"]["parts"][1]["size"], view["source"]["size"]) == (11, receiver.requests[0].size)


def test_the_type_of_a_queued_form_cannot_be_changed_and_other_headers_can(owned, receiver):
    (created,) = owned.create(request(f"{receiver.url}form", value("a", b"1")), start=False)

    with pytest.raises(InvalidArgument, match="a form has its own"):
        owned.order("set", created.id, headers=[("content-type", "a/b")])
    owned.order("set", created.id, headers=[("X-More", "1")])
    owned.order("start", created.id)

    owned.done(created.id)
    assert receiver.requests[0].header("X-More") == "1" and len(arrived(receiver)) == 1


def test_a_queued_form_is_sent_to_another_address_as_it_stands(owned, receiver):
    (created,) = owned.create(request(f"{receiver.url}form", value("a", b"1")), start=False)

    owned.order("set", created.id, destination=f"{receiver.url}other/")
    owned.order("start", created.id)

    owned.done(created.id)
    assert [row.path for row in receiver.requests] == ["/other/"]


def test_a_secret_part_does_not_go_along_to_another_origin(owned, receiver, tmp_path):
    (created,) = owned.create(request(f"{receiver.url}form", value("token", b"t")), start=False)

    with Receiver(tmp_path / "elsewhere") as other, pytest.raises(InvalidArgument, match="the part token"):
        owned.order("set", created.id, destination=f"{other.url}form", other_origin=True)


class Diverter:
    """A listener that sends everything elsewhere."""

    @hookimpl
    def sendoff_before_attempt(self, operation, attempt):
        return Change(url="http://127.0.0.1:9/elsewhere")


def test_a_listener_cannot_send_a_secret_part_to_another_origin(tmp_path, receiver):
    with Owned(tmp_path, listeners={"diverter": Diverter()}) as owned:
        error = owned.until(posted(owned, f"{receiver.url}form", value("api_key", b"k")), "error")["error"]

    assert "the part api_key was given for" in error["message"]


class Meddler:
    """A listener with a type of its own."""

    @hookimpl
    def sendoff_before_attempt(self, operation, attempt):
        return Change(headers=(("Content-Type", "text/plain"),))


def test_a_listener_cannot_take_the_boundary_away_in_silence(tmp_path, receiver):
    with Owned(tmp_path, listeners={"meddler": Meddler()}) as owned:
        error = owned.until(posted(owned, f"{receiver.url}form", value("a", b"1")), "error")["error"]

    assert "a form has its own" in error["message"] and receiver.requests == ()


def test_a_form_in_a_journal_is_read_by_the_next_owner_as_it_was(owned):
    path = owned.file()
    (created,) = owned.create(request("http://127.0.0.1:9/x", value("a", b"\x00\xff"), value("token", b"t"), file("f", path, filename="ä")), start=False)
    before = owned.record(created.id)

    owned.reopen()

    after = owned.record(created.id)
    assert (after.spec, after.sealed) == (before.spec, before.sealed)
    assert [part.size for part in after.spec.source.form.parts] == [2, 1, 1000]
