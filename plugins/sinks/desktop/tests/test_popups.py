"""What stands on the screen."""

from dataclasses import replace

import pytest
from sendoff.testing.sink_contract import NOON

pytestmark = pytest.mark.needs_server


def test_a_failure_presses(desk, sink, told):
    sink().deliver(told(failed=True))

    (row,) = desk.shown()
    assert (row["appname"], row["summary"], row["body"]) == ("sendoff", "Upload failed", "a.iso")
    assert (row["message"], row["category"]) == ("critical", "transfer.error")


@pytest.mark.parametrize(("high", "pressing"), [(False, "normal"), (True, "critical")])
def test_good_news_presses_only_where_that_was_asked(desk, sink, told, high, pressing):
    sink().deliver(told("Uploaded", "a.iso to archive", high=high))

    (row,) = desk.shown()
    assert (row["message"], row["category"]) == (pressing, "transfer")


@pytest.mark.parity("F102")
def test_a_later_one_with_the_same_tag_takes_the_place_of_what_is_shown(desk, sink, told):
    one = sink()
    for text in ("1 of 2", "another's", "2 of 2"):
        one.deliver(told("Uploads", text, tag="yours" if "another" in text else "mine"))

    assert desk.count("displayed") == 2
    assert sorted(row["body"] for row in desk.shown()) == ["2 of 2", "another's"]


def test_a_tag_is_remembered_beyond_a_connection_and_not_beyond_its_daemon(desk, sink, told):
    one = sink()
    one.deliver(told(text="before", tag="mine"))
    one.close()
    one.deliver(told(text="after the connection", tag="mine"))
    assert [row["body"] for row in desk.shown()] == ["after the connection"]

    desk.end("dunst")
    desk.start_dunst()
    sink().deliver(told(text="a stranger's"))
    one.deliver(told(text="after the daemon", tag="mine"))
    assert [row["body"] for row in desk.shown()] == ["a stranger's", "after the daemon"]


def test_one_that_somebody_has_put_away_is_shown_anew(desk, sink, told):
    one = sink()
    one.deliver(told(text="put away", tag="mine"))
    assert len(desk.shown()) == 1
    one.deliver(told(text="later", tag="mine"))

    assert desk.count("displayed") == 1
    assert desk.shown()[-1]["body"] == "later"


def test_only_so_many_tags_are_remembered(desk, sink, told, monkeypatch):
    monkeypatch.setattr("sendoff_desktop.sink._MOST_TAGS", 2)
    one = sink()
    for tag in "abca":
        one.deliver(told(text=tag, tag=tag))

    assert [row["body"] for row in desk.shown()] == ["a", "b", "c", "a"]


def test_it_stands_there_as_long_as_the_desktop_likes_or_as_was_said(desk, sink, told):
    for settings in ({}, {"timeout": "90s"}):
        sink(**settings).deliver(told())

    as_it_likes, as_was_said = (row["timeout"] for row in desk.shown())
    assert as_it_likes != as_was_said == 90_000_000  # microseconds


@pytest.mark.parity("F102")
def test_what_has_expired_is_not_shown_and_what_soon_does_not_stay(desk, sink, told):
    now = sink().toolkit.clock.wall()
    for left in (-1, 4, 3600):
        sink(timeout="90s").deliver(told(text=f"{left} s left", expires_at=now + left * 1_000_000))

    soon, much_later = desk.shown()
    assert (soon["body"], much_later["body"]) == ("4 s left", "3600 s left")
    assert soon["timeout"] <= 4_000_000 and much_later["timeout"] == 90_000_000


def test_a_text_without_end_is_cut(desk, sink, told):
    sink().deliver(told(text="x" * 100_000))

    (row,) = desk.shown()
    assert row["body"] == "x" * 2000 + "\u2026"


def test_the_picture_can_be_chosen(desk, sink, told, tmp_path):
    picture = tmp_path / "dot.ppm"
    picture.write_bytes(b"P6 1 1 255 \xff\x00\x00")
    sink(icon=str(picture)).deliver(told())

    (row,) = desk.shown()
    assert row["icon_path"] == str(picture)


def test_a_notice_that_is_seen_by_nobody_needs_no_desktop(sink, told, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nothing/here")
    one, notice = sink(), told(tile=True)
    one.deliver(notice)
    one.deliver(replace(notice, message=None))
    one.deliver(replace(notice, message=replace(notice.message, tile=False, expires_at=NOON)))
