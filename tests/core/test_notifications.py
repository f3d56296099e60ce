"""A program's own words for the end of a set: kept first, told once, of those that have ended since it was last told."""

from datetime import UTC, datetime

import pytest
import sendoff
import sendoff.testing
from sendoff.errors import InvalidArgument
from sendoff.model.moment import moment
from sendoff.model.query import Query, Question
from sendoff.runtime.notifications import NOTIFICATIONS

from tests.core.owned import eventually

HOST = "https://far.example/"


@pytest.fixture
def client():
    with sendoff.testing.client(config={"sinks": [{"use": "log", "on": ["notification"]}]}) as made:
        yield made


@pytest.fixture
def uploader(client):
    made = sendoff.BackgroundUploader(client)
    made.method = "PUT"
    made.success_notification = sendoff.Notification("good")
    made.failure_notification = sendoff.Notification("bad", "very", tag="t")
    return made


def events(client, type):
    return client._owner._given.store.events(0, 1000, query=Query(types=(type,)))


def told(client):
    return [(event.data["word"], event.data["message"]["title"]) for event in events(client, "notification")]


def ended(client, *operations):
    for one in operations:
        eventually(lambda one=one: one.refresh().status.name in ("COMPLETED", "ERROR", "CANCELED"), "its end")
    client._owner.catch_up(30)


@pytest.mark.parity("F97", "F98", "F104")
@pytest.mark.parametrize(
    ("ends", "word"),
    [("cc", "success"), ("cf", "failure"), ("ff", "failure"), ("cx", "success"), ("fx", "failure"), ("xx", None), ("c", "success"), ("x", None)],
)
def test_how_a_set_ended_decides_what_is_told(client, uploader, ends, word):
    client.receiver.answer(403, f"{HOST}f", times=None)
    with uploader.batch():
        made = [(uploader.create_upload(f"{HOST}{end}{number}" if end != "f" else f"{HOST}f", b"x"), end) for number, end in enumerate(ends)]
    for one, end in made:
        one.cancel() if end == "x" else one.start()
    ended(client, *(one for one, _ in made))
    eventually(lambda: events(client, "batch_completed"), "the end of the batch")
    assert told(client) == ([] if word is None else [(word, {"success": "good", "failure": "bad"}[word])])


def test_each_round_of_an_open_set_is_told_of_those_that_ended_in_it(client, uploader):
    client.receiver.answer(403, f"{HOST}f", times=None)
    for rounds, name in enumerate(("f", "a", "b"), 1):
        uploader.create_upload(HOST + name, b"x").start()
        eventually(lambda rounds=rounds: len(told(client)) == rounds, "its round")
    assert [word for word, _ in told(client)] == ["failure", "success", "success"]


def test_what_is_created_and_not_yet_started_is_waited_for(client, uploader):
    first, second = (uploader.create_upload(HOST + name, b"x") for name in "ab")
    first.start()
    ended(client, first)
    assert told(client) == []
    second.start()
    ended(client, second)
    eventually(lambda: told(client) == [("success", "good")], "the notification")


def test_what_is_set_later_is_what_is_told(client, uploader):
    first = uploader.create_upload(f"{HOST}a", b"x")
    uploader.success_notification = sendoff.Notification("better")
    second = uploader.create_upload(f"{HOST}b", b"x")
    for one in (first, second):
        one.start()
    ended(client, first, second)
    eventually(lambda: told(client) == [("success", "better")], "the notification")


def test_a_completion_group_is_such_a_set(client):
    with sendoff.CompletionGroup(client) as group:
        uploader = sendoff.BackgroundUploader(client, completion_group=group)
        uploader.method = "PUT"
        uploader.success_notification = sendoff.Notification("group")
        for name in "ab":
            uploader.create_upload(HOST + name, b"x").start()
    eventually(lambda: told(client) == [("success", "group")], "the notification")


def test_an_uploader_that_tells_nothing_makes_no_set(client):
    uploader = sendoff.BackgroundUploader(client)
    uploader.method = "PUT"
    first, second = (uploader.create_upload(HOST + name, b"x") for name in "ab")
    assert first.batch != second.batch
    assert client._owner._given.store.notes(NOTIFICATIONS).items == []


def test_nothing_is_left_of_it_once_the_batch_has_ended(client, uploader):
    with uploader.batch():
        one = uploader.create_upload(f"{HOST}a", b"x")
    assert client._owner._given.store.notes(NOTIFICATIONS).items
    one.start()
    eventually(lambda: not client._owner._given.store.notes(NOTIFICATIONS).items, "that it is forgotten")


@pytest.mark.parity("F102", "F103")
def test_a_notification_is_checked_where_it_is_made():
    made = sendoff.Notification("t", "b", tag="x" * 64, group="g", expires_at=datetime(2026, 1, 1, tzinfo=UTC), silent=True, priority="high")
    ends = moment(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert made._message() == {"title": "t", "text": "b", "tag": "x" * 64, "group": "g", "expires_at": ends, "silent": True, "high": True}


@pytest.mark.parity("F102", "F103")
@pytest.mark.parametrize(
    "words",
    [
        {"title": ""},
        {"title": 5},
        {"body": None},
        {"tag": "x" * 65},
        {"tag": ""},
        {"group": "g" * 65},
        {"expires_at": 5},
        {"expires_at": datetime(2026, 1, 1)},
        {"priority": "low"},
    ],
    ids=["no title", "a number as title", "no body", "a long tag", "no tag", "a long group", "a number as end", "an end without a zone", "a low priority"],
)
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(InvalidArgument):
        sendoff.Notification(**{"title": "t", **words})


@pytest.mark.parity("F20", "F103")
def test_a_tile_has_a_shorter_tag_and_nothing_but_notifications_are_taken(uploader):
    uploader.success_tile_notification = sendoff.Notification("t", tag="x" * 16)
    with pytest.raises(InvalidArgument, match="17 characters are more than 16"):
        uploader.failure_tile_notification = sendoff.Notification("t", tag="x" * 17)
    with pytest.raises(InvalidArgument, match=r"a sendoff\.Notification is expected"):
        uploader.success_notification = "done"
    uploader.success_notification = None
    assert (uploader.success_notification, uploader.success_tile_notification.tag) == (None, "x" * 16)


@pytest.mark.parametrize("letter", ["a", "ы", "字", "😀", '"', "\x01"], ids=["ASCII", "Cyrillic", "Chinese", "emoji", "quote", "control character"])
def test_whatever_the_fields_take_is_kept_in_any_script(client, uploader, letter):
    tags = {"tag": letter * 16, "group": letter * 64}
    for word in ("success", "failure", "success_tile", "failure_tile"):
        setattr(uploader, f"{word}_notification", sendoff.Notification(letter * 4000, letter * 4000, **tags))
    uploader.create_upload(f"{HOST}a", b"x").start()
    eventually(lambda: told(client), "the notification")
    one = events(client, "notification")[0]
    assert (one.data["message"]["title"], one.data["message"]["text"]) == (letter * 4000, letter * 4000)


def test_what_is_too_long_is_said_in_bytes(client, uploader):
    with uploader.batch() as batch:
        uploader.create_upload(f"{HOST}a", b"x")
        with pytest.raises(InvalidArgument, match=r"\d{6} bytes of UTF-8 are more than 196608"):
            client._owner.ask(Question(what="notify", details={"batch": batch.batch_id, "success": {"title": "ы" * 100_000, "text": ""}}))


@pytest.mark.parametrize(
    "said",
    [
        {"title": "t"},
        {"title": 5, "text": ""},
        {"title": "t", "text": "", "tag": 5},
        {"title": "t", "text": "", "expires_at": "now"},
        [],
        {"title": "t" * 200_000, "text": ""},
    ],
    ids=["no text", "title", "tag", "expires_at", "list", "length"],
)
def test_what_a_client_says_is_checked_by_the_host_too(client, uploader, said):
    with uploader.batch() as batch:
        uploader.create_upload(f"{HOST}a", b"x")
        with pytest.raises(InvalidArgument):
            client._owner.ask(Question(what="notify", details={"batch": batch.batch_id, "success": said}))
