"""Words for people: templates that are checked when they are read, and filled with what is known."""

import pytest
from sendoff.errors import InvalidArgument
from sendoff.model.template import PLACES, Words, checked_template, filled
from sendoff.policy.notice import Ends
from sendoff.policy.wording import LONGEST_TAG, facts_of, message_of, name_of, rate_of

VIEW = {
    "id": "0190", "number": 17, "url": "https://h.example/in/a.iso", "destination": "archive", "label": None, "group": None, "status": "completed",
    "source": {"kind": "file", "path": "/home/me/a.iso", "size": 2 * 2**20}, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:02Z",
    "error": None, "reason_text": None, "needs": None,
}  # fmt: skip


def said(words=None, type="completed", data=None, view=None):
    return message_of(words or Words(), type, data or {}, {**facts_of(view or VIEW, data or {}), "event": lambda: type}, "0190")


@pytest.mark.parametrize("place", PLACES)
def test_every_place_may_stand_in_a_template(place):
    assert checked_template(f"a {{{place}}} b") == f"a {{{place}}} b"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("{nam}", "there is nothing to put in {nam}; did you mean 'name'?"),
        ("{xyzzy}", "there is nothing to put in {xyzzy}; there are name, destination"),
        ("{}", "there is nothing to put in {}"),
        ("{name.__class__}", "there is nothing to put in {name.__class__}"),
        ("{name[0]}", "there is nothing to put in {name[0]}"),
        ("{size:>10}", "{size} stands for itself"),
        ("{size!r}", "{size} stands for itself"),
        ("{name", "is not a template"),
        ("name}", "a brace of its own is written twice"),
    ],
)
def test_what_cannot_be_filled_is_refused_in_one_sentence(text, complaint):
    with pytest.raises(InvalidArgument) as caught:
        checked_template(text)
    assert complaint in caught.value.message


def test_only_what_stands_in_it_is_looked_up_and_what_is_not_known_is_left_empty():
    facts = {"name": lambda: "a", "size": lambda: 1 / 0, "label": lambda: None}
    assert filled("{{{name}}} {label}|{group}", facts) == "{a} |"


def test_what_is_put_in_is_never_read_as_a_template():
    assert filled("{name}", {"name": lambda: "{size} {0} %s"}) == "{size} {0} %s"


def test_size_rate_and_place_are_said_as_people_say_them():
    words = Words(title="{name} to {destination}", text="{size} at {rate}", tag="{destination}")
    message = said(words)
    assert (message.title, message.text, message.tag) == ("a.iso to archive", "2.0 MiB at 1.0 MiB/s", "archive")


def test_success_failure_and_a_person_s_turn_have_words_of_their_own():
    words = Words(title="good", text="g", failure_title="bad: {error}", failure_text="b", person_title="you", person_text="{command}")
    failed = said(words, "failed", {"error": {"message": "no such bucket"}})
    asked = said(words, "needs_person", {"needs": {"command": "sendoff trust h"}})
    assert (said(words).title, failed.title, asked.title) == ("good", "bad: no such bucket", "you")
    assert (said(words).text, failed.text, asked.text) == ("g", "b", "sendoff trust h")
    assert [(one.failed, one.high) for one in (said(words), failed, asked)] == [(False, False), (True, False), (False, True)]


def test_what_is_not_said_is_as_it_comes():
    assert (said().title, said().text, said().tag) == ("Uploaded: a.iso", "2.0 MiB to archive", "0190")
    assert said(type="attempt_failed", data={"error": {"message": "reset"}}).text == "reset"
    assert said(type="batch_completed", data={"outcome": "failure"}, view={**VIEW, "error": {"message": "first"}}).failed


@pytest.mark.parametrize(
    ("ends", "title", "text"),
    [
        (Ends(completed=3), "Uploaded: a.iso", "3 of 3 to archive"),
        (Ends(completed=1, canceled=2), "1 of 3 uploaded", "2 canceled, to archive"),
        (Ends(canceled=3), "Canceled: a.iso", "3 of 3"),
        (Ends(completed=1, failed=1, canceled=1), "1 of 3 uploads failed", "reset"),
    ],
    ids=["completed", "partly canceled", "canceled", "failed"],
)
def test_of_a_batch_it_is_said_what_became_of_it_and_nothing_canceled_is_called_uploaded(ends, title, text):
    counts = {"finished": lambda: ends.completed, "total": lambda: ends.total, "failed": lambda: ends.failed, "canceled": lambda: ends.canceled}
    data = {**ends.told(), "error": {"message": "reset"}}
    message = message_of(Words(), "batch_completed", data, {**facts_of(VIEW, data), **counts}, "0190")
    assert (message.title, message.text, message.failed) == (title, text, bool(ends.failed))


def test_a_tag_that_says_nothing_is_the_upload_s_own():
    assert said(Words(tag=" {label}")).tag == "0190"


def test_tags_that_begin_alike_and_are_too_long_stay_different():
    tags = {said(Words(tag="{label}"), view={**VIEW, "label": "l" * 200 + end}).tag for end in ("a", "b", "a")}
    assert len(tags) == 2 and {len(tag) for tag in tags} == {LONGEST_TAG}


def test_a_title_is_one_line_and_nothing_is_endless():
    message = said(Words(title="a\n{name}", text="{error}", tag="{name}"), data={"error": {"message": "x" * 10_000}}, view={**VIEW, "label": "l" * 500})
    assert "\n" not in message.title and len(message.title) == 200
    assert len(message.text) == 2000 and len(message.tag or "") == LONGEST_TAG


@pytest.mark.parametrize(
    ("view", "name"),
    [
        ({**VIEW, "label": "mine"}, "mine"),
        (VIEW, "a.iso"),
        ({**VIEW, "source": {"kind": "bytes", "path": None, "size": 1}}, "a.iso"),
        ({**VIEW, "source": {"kind": "form", "parts": [{"path": None}, {"path": "/x/photo.jpg"}], "size": 1}}, "photo.jpg"),
        ({**VIEW, "source": {"kind": "bytes", "path": None, "size": 1}, "url": "https://h.example/"}, "h.example"),
    ],
    ids=["label", "file", "address", "form", "host"],
)
def test_an_upload_is_called_as_people_call_it(view, name):
    assert name_of(view) == name


def test_what_did_not_get_there_has_no_rate():
    assert rate_of({**VIEW, "status": "error"}) is None and rate_of({**VIEW, "started_at": None}) is None
