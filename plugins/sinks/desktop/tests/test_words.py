"""What the specification asks for and dunst does not tell again."""

import pytest
from sendoff import Message
from sendoff.testing.sink_contract import NOON
from sendoff_desktop.popup import notify
from sendoff_desktop.settings import Settings


def words(*able, **message):
    return notify(Message(**{"title": "Upload failed", "text": "<b>a</b> & b", **message}), 0, able, Settings(), NOON)


def test_markup_is_escaped_where_it_would_be_read_as_such():
    assert words("body", "body-markup")[3:5] == ("Upload failed", "&lt;b&gt;a&lt;/b&gt; &amp; b")
    assert words("body")[3:5] == ("Upload failed", "<b>a</b> & b")


def test_a_daemon_that_shows_one_line_is_told_all_in_one():
    assert words("actions")[3:5] == ("Upload failed: <b>a</b> & b", "")
    assert words(text="")[3:5] == ("Upload failed", "")


@pytest.mark.parity("F102")
def test_a_silent_one_makes_no_sound():
    assert words(silent=True)[6]["suppress-sound"] == ("b", True)
    assert "suppress-sound" not in words()[6]


def test_the_picture_fits():
    assert [words(**message)[2] for message in ({"failed": True}, {"high": True}, {})] == ["dialog-error", "dialog-warning", "dialog-information"]
