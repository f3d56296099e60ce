"""What becomes of sinks when the configuration is another."""

import threading

import pytest
from sendoff.errors import JournalFull, Transient
from sendoff.runtime.courier import NOTE
from sendoff.runtime.late import kind_of

from tests.core.letterbox import Letterbox, put, sinks, telling
from tests.core.owned import QUICK, eventually


@pytest.fixture
def boxes():
    return {"one": Letterbox(), "two": Letterbox()}


@pytest.fixture
def owned(tmp_path, boxes):
    with telling(tmp_path, boxes) as made:
        yield made


def todos(owned):
    return owned.store.todos(2**62, kind=kind_of("one"))


def test_another_configuration_leaves_a_sink_whose_section_says_the_same_alone(owned, boxes):
    held, at_it = threading.Event(), threading.Event()
    boxes["one"].fails = lambda notice: (at_it.set(), held.wait(30))
    owned.done(put(owned, "a"))
    at_it.wait(30)
    owned.config.write_text(sinks("one", "two") + "# with a remark\n")
    owned.owner.reconfigure()
    assert boxes["one"].closed == 0
    held.set()
    assert owned.owner.catch_up(30)
    assert (boxes["one"].made, boxes["one"].told()) == (1, [("created", "a"), ("completed", "a")])

    owned.config.write_text(sinks("one", "two", on=["completed"]))
    owned.owner.reconfigure()
    owned.done(put(owned, "b"))
    assert owned.owner.catch_up(30)
    assert (boxes["one"].made, boxes["one"].closed) == (2, 1)
    assert boxes["one"].told()[2:] == [("completed", "b")]


def test_two_who_reconfigure_at_once_leave_one_who_tells(owned, boxes):
    entered = threading.Event()
    owned.done(put(owned, "a"))
    assert owned.owner.catch_up(30)
    boxes["one"].closes = lambda: (entered.set(), threading.Event().wait(0.5))
    owned.config.write_text(sinks("one", on=["completed"]))
    both = [threading.Thread(target=owned.owner.reconfigure) for _ in range(2)]
    for one in both:
        one.start()
    entered.wait(30)
    for one in both:
        one.join(30)
    owned.done(put(owned, "b"))
    assert owned.owner.catch_up(30)
    assert [thread.name for thread in threading.enumerate()].count("sendoff-sink-one") == 1
    assert boxes["one"].told()[2:] == [("completed", "b")]


def test_one_that_reads_the_configuration_while_the_owner_closes_forgets_no_sink(owned):
    owned.done(put(owned, "a"))
    assert owned.owner.catch_up(30)
    owned.owner._outbox.close()
    before = owned.store.notes(NOTE).items
    owned.owner.reconfigure()
    assert [note.key for note in owned.store.notes(NOTE).items] == [note.key for note in before] == ["one"]


def test_where_the_journal_takes_nothing_while_the_configuration_changes_the_sinks_go_on(owned, boxes, monkeypatch):
    owned.done(put(owned, "a"))
    assert owned.owner.catch_up(30)

    def full(*_):
        raise JournalFull("no space is left")

    owned.config.write_text(sinks("one", "two"))
    with monkeypatch.context() as patch:
        patch.setattr(owned.owner._outbox, "_begin", full)
        with pytest.raises(JournalFull):
            owned.owner.reconfigure()
    owned.done(put(owned, "b"))
    assert owned.owner.catch_up(30)
    assert boxes["one"].told()[2:] == [("created", "b"), ("completed", "b")]


def test_what_was_late_for_a_sink_that_is_gone_keeps_no_owner_alive(owned, boxes):
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Transient("in an hour", retry_after=3600.0))
    owned.done(put(owned, "a"))
    eventually(lambda: todos(owned))
    owned.config.write_text(QUICK)
    owned.owner.reconfigure()
    assert todos(owned) == []
    eventually(owned.owner.idle)
    dropped = [event.data for event in owned.events(type="notice_failed") if not event.data["again"]]
    assert [one["message"] for one in dropped] == ["the sink is not configured any more"] * len(dropped) and dropped


def test_a_sink_that_was_taken_out_and_comes_again_is_new(owned, boxes):
    owned.done(put(owned, "with"))
    assert owned.owner.catch_up(30)
    owned.config.write_text(QUICK)
    owned.owner.reconfigure()
    owned.done(put(owned, "without"))
    owned.config.write_text(sinks("one"))
    owned.owner.reconfigure()
    owned.done(put(owned, "again"))
    assert owned.owner.catch_up(30)
    assert boxes["one"].told() == [(type, name) for name in ("with", "again") for type in ("created", "completed")]
