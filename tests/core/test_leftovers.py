"""What lies unfinished at a destination: whose it is, and what is taken away."""

import pytest
from sendoff.errors import InvalidArgument, Transient
from sendoff.model.query import Question

from tests.core.owned import eventually

PLACE = "session://10.0.0.1/"


def ask(owned, **details):
    return owned.owner.ask(Question(what="leftovers", details={"destination": PLACE, **details}))


def breaking(owned):
    def broken(point, _operation):
        if point == "finish":
            raise Transient("not now")

    owned.server.point = broken


def failed(owned):
    breaking(owned)
    id = owned.put(owned.file(), f"{PLACE}failed", patience=0, attempts=1)
    owned.until(id, "error")
    return id


def running(owned):
    breaking(owned)
    id = owned.put(owned.file("b.bin"), f"{PLACE}running")
    eventually(lambda: "attempt_failed" in owned.types(id))
    return id


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


def test_only_what_lies_below_the_destination_counts(owned):
    owned.server.begin(f"{PLACE}elsewhere/foreign", 5, "somebody else's", 1)
    owned.server.begin("session://10.0.0.2/foreign", 5, "somebody else's", 1)

    assert [row["url"] for row in ask(owned, destination=f"{PLACE}elsewhere/")["rows"]] == [f"{PLACE}elsewhere/foreign"]


def test_a_transport_that_cannot_see_it_is_named(owned):
    with pytest.raises(InvalidArgument, match="plain cannot see what lies unfinished there"):
        ask(owned, destination="plain://10.0.0.1/")
