"""What lies unfinished at a destination: whose it is, and what is taken away."""

import threading

import pytest
from sendoff.errors import InvalidArgument, Transient
from sendoff.model.query import Question
from sendoff.model.session import Session
from sendoff.testing.memory_transport import KIND, SessionTransport

from tests.core.owned import Owned, eventually

PLACE = "session://10.0.0.1/"


def ask(owned, **details):
    return owned.owner.ask(Question(what="leftovers", details={"destination": PLACE, **details}))


def breaking(owned):
    def broken(point, _operation):
        if point == "finish":
            raise Transient("not now")

    owned.server.point = broken


def failed(owned, name="failed"):
    breaking(owned)
    id = owned.put(owned.file(), f"{PLACE}{name}", patience=0, attempts=1)
    owned.until(id, "error")
    return id


def running(owned):
    breaking(owned)
    id = owned.put(owned.file("b.bin"), f"{PLACE}running")
    eventually(lambda: "attempt_failed" in owned.types(id))
    return id


class Noting(SessionTransport):
    """Notes that it is about to begin, and never hears what the server called it."""

    schemes = ("noting",)

    def send(self, shipment):
        if shipment.session is None:
            shipment.record(Session(kind=KIND, data={"id": None}, leaves=True))
            self.server.begin(shipment.target.url, shipment.size, shipment.operation.id, 1)
        raise Transient("the answer was lost")


@pytest.fixture
def noting(tmp_path):
    made = Owned(tmp_path, own={("transports", "noting"): (Noting, lambda _options: {"server": made.server})}, start=False)
    with made:
        made.open()
        yield made


def test_each_is_shown_with_its_owner_and_nothing_is_touched(owned):
    ours, under_way = failed(owned), running(owned)
    owned.server.begin(f"{PLACE}foreign", 5, "somebody else's", 1)

    rows = {row["url"]: row for row in ask(owned)["rows"]}

    assert {url: (row["owner"], row["operation"], row["size"], row["removed"]) for url, row in rows.items()} == {
        f"{PLACE}failed": ("ended", ours, 1000, False),
        f"{PLACE}running": ("running", under_way, 1000, False),
        f"{PLACE}foreign": ("unknown", None, 0, False),
    }
    assert len(owned.server.uploads) == 3


def test_what_has_ended_is_removed_and_a_retry_begins_anew(owned):
    id = failed(owned)
    running(owned)
    owned.server.begin(f"{PLACE}foreign", 5, "somebody else's", 1)

    assert ask(owned, remove=True)["removed"] == 1
    assert sorted(upload.url for upload in owned.server.uploads.values()) == [f"{PLACE}foreign", f"{PLACE}running"]

    owned.server.point = lambda *_: None
    owned.order("retry", id)
    owned.done(id)


def test_what_nobody_here_knows_is_removed_only_when_told(owned):
    id = running(owned)
    owned.server.begin(f"{PLACE}foreign", 5, "somebody else's", 1)

    ask(owned, remove=True, others=True)

    assert [upload.url for upload in owned.server.uploads.values()] == [f"{PLACE}running"]
    owned.server.point = lambda *_: None
    owned.done(id)


def test_an_upload_that_begins_while_the_server_is_asked_is_known(owned):
    begun = []

    def point(name, _operation):
        if name == "leftovers":
            begun.append(running(owned))

    owned.server.point = point

    (row,) = ask(owned, remove=True, others=True)["rows"]

    assert (row["owner"], row["operation"], row["removed"]) == ("running", begun[0], False)
    owned.server.point = lambda *_: None
    owned.done(begun[0])


def test_what_an_open_upload_may_just_have_begun_is_left_alone(noting):
    id = noting.put(noting.file(), "noting://10.0.0.1/a%20b")
    eventually(lambda: "attempt_failed" in noting.types(id))

    (row,) = ask(noting, destination="noting://10.0.0.1/", remove=True, others=True)["rows"]

    assert (row["owner"], row["operation"], row["removed"], row["problem"]) == ("running", id, False, None)
    assert len(noting.server.uploads) == 1


def test_one_that_was_retried_meanwhile_is_left_alone_and_goes_on(owned):
    failed(owned)
    other, held = failed(owned, "other"), threading.Event()

    def point(name, operation):
        if name == "abort":
            owned.order("retry", other)
        if name == "connect" and operation == other:
            held.wait(20)

    owned.server.point = point
    first, second = ask(owned, remove=True)["rows"]
    held.set()

    assert (first["owner"], first["removed"]) == ("ended", True)
    assert (second["owner"], second["operation"], second["removed"]) == ("running", other, False)
    owned.done(other)
    assert owned.server.made == 2


def test_one_that_cannot_be_removed_says_why_and_keeps_no_other(owned):
    failed(owned)
    failed(owned, "other")
    refusals = iter([Transient("not now")])

    def point(name, _operation):
        if name == "abort" and (error := next(refusals, None)):
            raise error

    owned.server.point = point
    found = ask(owned, remove=True)

    assert [(row["removed"], row["problem"]) for row in found["rows"]] == [(False, "not now"), (True, None)]
    assert (found["removed"], [upload.url for upload in owned.server.uploads.values()]) == (1, [f"{PLACE}failed"])


def test_where_an_earlier_session_is_removed_the_later_one_of_the_same_upload_is_not_forgotten(owned):
    asker, lies, refusals = threading.current_thread(), iter([True]), iter([None, Transient("not now")])

    def point(name, _operation):
        if name == "chunk_answer" and next(lies, None):
            owned.server.uploads["u1"].body += b"never sent" * 1000
        if name == "finish" or (name == "abort" and threading.current_thread() is not asker):
            raise Transient("not now")
        if name == "abort" and (error := next(refusals)):
            raise error

    owned.server.point = point
    id = owned.put(owned.file(), f"{PLACE}twice", patience=0, attempts=3)
    owned.until(id, "error")

    assert [row["removed"] for row in ask(owned, remove=True)["rows"]] == [True, False]
    assert owned.store.checkpoint(owned.record(id).number).session is not None
    assert list(owned.server.uploads) == ["u2"]


def test_only_what_lies_below_the_destination_counts(owned):
    owned.server.begin(f"{PLACE}elsewhere/foreign", 5, "somebody else's", 1)
    owned.server.begin("session://10.0.0.2/foreign", 5, "somebody else's", 1)

    assert [row["url"] for row in ask(owned, destination=f"{PLACE}elsewhere/")["rows"]] == [f"{PLACE}elsewhere/foreign"]


def test_a_transport_that_cannot_see_it_is_named(owned):
    with pytest.raises(InvalidArgument, match="plain cannot see what lies unfinished there"):
        ask(owned, destination="plain://10.0.0.1/")
