"""Sinks that come by themselves."""

import threading
from typing import ClassVar

import pytest
from sendoff.errors import Transient
from sendoff.model.query import Question
from sendoff.ports.sink import Sink

from tests.core.letterbox import Letterbox, put, sinks
from tests.core.owned import QUICK, Owned, eventually


@pytest.fixture
def boxes():
    return {"one": Letterbox(), "two": Letterbox()}


class Visitor(Sink):
    """Comes by itself."""

    Settings = dict
    told: ClassVar = []

    @classmethod
    def uninvited(cls):
        return {"on": ["failed"], "failure_title": "{name} has failed", "wide": True}

    def deliver(self, notice):
        Visitor.told.append((notice.type, notice.message.title, self.settings))


@pytest.fixture
def visitor(monkeypatch):
    monkeypatch.setattr(Visitor, "told", [])
    return {("sinks", "visitor"): (Visitor, dict)}


def failing(owned):
    id = put(owned, "b", start=False)
    owned.file("a.bin", b"changed")
    owned.order("start", id)
    owned.until(id, "error")


def test_a_sink_may_come_by_itself(tmp_path, visitor):
    with Owned(tmp_path, own=visitor) as owned:
        failing(owned)
        eventually(lambda: Visitor.told)
        (shown,) = owned.owner.ask(Question(what="sinks"))
    assert Visitor.told == [("failed", "a.bin has failed", {"wide": True})]
    assert (shown["name"], shown["uninvited"], shown["on"]) == ("visitor", True, ["failed", "notification"])


def test_one_that_was_away_begins_at_now_when_it_comes_again(tmp_path, visitor, monkeypatch):
    with Owned(tmp_path, own=visitor) as owned:
        owned.close()
        with monkeypatch.context() as away:
            away.setattr(Visitor, "uninvited", classmethod(lambda cls: None))
            owned.open()
            failing(owned)
            owned.close()
        owned.open()
        assert owned.owner.catch_up(30)
        assert Visitor.told == []


def test_what_was_late_for_one_is_told_after_a_start_in_which_it_was_away(tmp_path, visitor, monkeypatch):
    with Owned(tmp_path, config=QUICK, own=visitor) as owned:
        with monkeypatch.context() as away:
            away.setattr(Visitor, "deliver", lambda *_: (_ for _ in ()).throw(Transient("logged out")))
            failing(owned)
            eventually(lambda: owned.events(type="notice_failed"))
            away.setattr(Visitor, "uninvited", classmethod(lambda cls: None))
            owned.reopen()
            (shown,) = owned.owner.ask(Question(what="sinks"))
            assert (shown["name"], shown["on"]) == ("visitor", ["failed", "notification"])
            owned.owner.reconfigure()
        eventually(lambda: Visitor.told)
    assert Visitor.told == [("failed", "a.bin has failed", {"wide": True})]


def test_one_that_takes_its_time_to_say_whether_it_comes_delays_no_start_and_misses_nothing(tmp_path, visitor, monkeypatch):
    answers, asked = threading.Event(), Visitor.uninvited
    monkeypatch.setattr(Visitor, "uninvited", classmethod(lambda cls: answers.wait(30) and asked()))
    with Owned(tmp_path, config=QUICK, own=visitor) as owned:
        failing(owned)
        assert not owned.owner.idle() and not owned.owner.catch_up(0.1)
        answers.set()
        assert owned.owner.catch_up(30)
    assert [type for type, *_ in Visitor.told] == ["failed"]


@pytest.mark.parametrize("config", ['disabled = ["visitor"]\n', '[[sinks]]\nuse = "visitor"\non = ["canceled"]\n'], ids=["disabled", "configured"])
def test_one_that_is_disabled_or_configured_does_not(tmp_path, visitor, config):
    with Owned(tmp_path, config=config + QUICK, own=visitor) as owned:
        failing(owned)
        assert owned.owner.catch_up(30)
    assert Visitor.told == []


def test_one_that_cannot_say_whether_it_comes_stops_nobody(tmp_path, boxes):
    class Broken(Sink):
        Settings = dict

        @classmethod
        def uninvited(cls):
            raise RuntimeError("a bug")

        def deliver(self, notice):
            raise AssertionError

    own = {("sinks", "broken"): (Broken, dict), ("sinks", "one"): (boxes["one"].sink(), dict)}
    with Owned(tmp_path, config=sinks("one"), own=own) as owned:
        owned.done(put(owned, "a"))
        eventually(lambda: ("completed", "a") in boxes["one"].told())
