"""Notices: at least once, in order, each sink from its own position; what fails is tried again or set aside, and is shown."""

import threading

import pytest
from sendoff.errors import Permanent, Transient
from sendoff.model.change import SaveNote
from sendoff.model.operation import Request
from sendoff.model.query import Question
from sendoff.runtime.courier import NOTE
from sendoff.runtime.late import kind_of

from tests.core.letterbox import Letterbox, put, sinks, telling
from tests.core.owned import Owned, eventually


@pytest.fixture
def boxes():
    return {"one": Letterbox(), "two": Letterbox()}


@pytest.fixture
def owned(tmp_path, boxes):
    with telling(tmp_path, boxes) as made:
        yield made


def todos(owned):
    return [todo for name in ("one", "two") for todo in owned.store.todos(2**62, kind=kind_of(name))]


def test_each_event_that_was_asked_for_comes_in_order_with_its_operation(owned, boxes):
    for name in "abc":
        owned.done(put(owned, name))
    eventually(lambda: len(boxes["one"].notices) == 6)
    assert boxes["one"].told() == [(type, name) for name in "abc" for type in ("created", "completed")]
    last = boxes["one"].notices[-1]
    (event,) = [event for event in owned.events() if event.id == last.id]
    assert (last.time, last.data, last.operation["status"]) == (event.time, event.data, "completed")


def test_only_what_a_sink_wants_is_handed_to_it(tmp_path, boxes):
    box = boxes["one"]
    with Owned(tmp_path, config=sinks("one", on=["failed"]), own={("sinks", "one"): (box.sink(), dict)}) as owned:
        owned.done(put(owned, "a"))
        failing = put(owned, "b", start=False)
        owned.file("a.bin", b"changed")
        owned.order("start", failing)
        owned.until(failing, "error")
        eventually(lambda: box.notices)
    assert box.told() == [("failed", "b")]


def test_a_new_sink_starts_at_now_and_each_goes_on_from_its_own_position(owned, boxes):
    owned.done(put(owned, "old"))
    eventually(lambda: len(boxes["one"].notices) == 2)
    owned.config.write_text(sinks("one", "two"))
    owned.owner.reconfigure()
    owned.done(put(owned, "new"))
    eventually(lambda: len(boxes["two"].notices) == 2)
    eventually(lambda: len(boxes["one"].notices) == 4)
    assert boxes["two"].told() == [("created", "new"), ("completed", "new")]


def test_what_happens_while_no_owner_delivers_is_told_by_the_next_and_nothing_twice(owned, boxes):
    owned.done(put(owned, "a"))
    eventually(lambda: len(boxes["one"].notices) == 2)
    held, at_it = threading.Event(), threading.Event()

    def hold(notice):
        at_it.set()
        held.wait(20)
        raise Transient("not now")

    boxes["one"].fails = hold
    id = put(owned, "b")
    at_it.wait(20)
    owned.done(id)
    held.set()
    eventually(lambda: todos(owned))
    boxes["one"].fails = lambda notice: None
    owned.reopen()
    eventually(lambda: {("created", "b"), ("completed", "b")} <= set(boxes["one"].told()) and not todos(owned))
    ids = [notice.id for notice in boxes["one"].notices if notice.type != "notice_failed"]
    assert len(ids) == len(set(ids)) == 4


def test_a_position_that_was_not_saved_makes_a_notice_come_again_under_the_same_id(owned, boxes):
    owned.done(put(owned, "a"))
    eventually(lambda: len(boxes["one"].notices) == 2)
    (note,) = owned.store.notes(NOTE).items
    owned.close()
    owned.store.open()
    owned.store.commit([[SaveNote(kind=NOTE, key=note.key, value={"position": 0})]], synced=True)
    owned.store.close()
    owned.open()
    eventually(lambda: len(boxes["one"].notices) == 4)
    first, again = boxes["one"].notices[:2], boxes["one"].notices[2:]
    assert [notice.id for notice in first] == [notice.id for notice in again]


def test_a_notice_that_was_not_taken_now_becomes_a_to_do_and_the_others_go_on(owned, boxes):
    box, tries = boxes["one"], []

    def fails(notice):
        if notice.type == "created":
            tries.append(notice.id)
            if len(tries) < 2:
                raise Transient("the line is busy")

    box.fails = fails
    id = put(owned, "a")
    owned.done(id)
    eventually(lambda: ("completed", "a") in box.told())
    (failed,) = owned.events(type="notice_failed")
    assert failed.operation == id
    assert failed.data == {"sink": "one", "event": f"{id}.created", "message": "the line is busy", "again": True}
    eventually(lambda: ("created", "a") in box.told() and not todos(owned))
    assert tries == [f"{id}.created"] * 2


def test_while_a_notice_is_due_the_owner_is_not_idle(owned, boxes):
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Transient("never"))
    owned.done(put(owned, "a"))
    eventually(lambda: any(todo.tries >= 1 for todo in todos(owned)))
    assert not owned.owner.idle()
    boxes["one"].fails = lambda notice: None
    eventually(lambda: not todos(owned))
    eventually(owned.owner.idle)


@pytest.mark.parametrize("raised", [Permanent("the address is gone"), ValueError("a bug"), SystemExit("a program's habit")])
def test_a_poisonous_notice_is_set_aside_and_shown_and_the_next_is_delivered(raised, owned, boxes):
    box = boxes["one"]

    def fails(notice):
        if notice.type == "created":
            raise raised

    box.fails = fails
    id = put(owned, "a")
    owned.done(id)
    eventually(lambda: box.told() == [("completed", "a")])
    (failed,) = owned.events(type="notice_failed")
    assert (failed.data["again"], failed.data["event"], str(raised) in failed.data["message"]) == (False, f"{id}.created", True)
    assert todos(owned) == []


def test_one_that_turns_out_poisonous_when_tried_again_is_set_aside_then(owned, boxes):
    errors = [Transient("busy"), ValueError("a bug")]
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(errors.pop(0)) if errors else None
    id = put(owned, "a", start=False)
    eventually(lambda: len(owned.events(type="notice_failed")) == 2)
    assert [event.data["again"] for event in owned.events(type="notice_failed")] == [True, False]
    eventually(lambda: not todos(owned))
    assert {event.operation for event in owned.events(type="notice_failed")} == {id}


def test_a_sink_that_fails_at_everything_makes_no_endless_history(owned, boxes):
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Permanent("no"))
    owned.done(put(owned, "a"))
    eventually(lambda: len(owned.events(type="notice_failed")) == 2)
    owned.done(put(owned, "b"))
    eventually(lambda: len(owned.events(type="notice_failed")) == 4)


def test_one_sink_hears_of_anothers_failures(tmp_path, boxes):
    own = {("sinks", name): (box.sink(), dict) for name, box in boxes.items()}
    with Owned(tmp_path, config=sinks("one", "two"), own=own) as owned:
        boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Permanent("no"))
        owned.done(put(owned, "a"))
        eventually(lambda: [notice for notice in boxes["two"].notices if notice.type == "notice_failed"])
        eventually(lambda: ("completed", "a") in boxes["two"].told())


def test_two_sinks_that_hear_of_each_others_failures_and_fail_make_no_endless_history(tmp_path, boxes):
    own = {("sinks", name): (box.sink(), dict) for name, box in boxes.items()}
    with Owned(tmp_path, config=sinks("one", "two"), own=own) as owned:
        for box in boxes.values():
            box.fails = lambda notice: (_ for _ in ()).throw(Permanent("no"))
        owned.done(put(owned, "a"))
        eventually(lambda: len(owned.events(type="notice_failed")) >= 4)
        owned.done(put(owned, "b"))
        eventually(lambda: len(owned.events(type="notice_failed")) >= 8)
        assert owned.owner.catch_up(30)
        assert len(owned.events(type="notice_failed")) == 8, "each of two of each upload, and nothing of these"


def test_a_batch_that_ended_is_told_with_its_id(owned, boxes):
    answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "ab"))
    (notice,) = eventually(lambda: [notice for notice in boxes["one"].notices if notice.type == "batch_completed"])
    told = {"batch": answers[0].batch, "total": 2, "completed": 2, "failed": 0, "canceled": 0, "outcome": "success"}
    assert (notice.operation, notice.data) == (None, told)


def test_a_sink_that_does_not_exist_is_shown_and_stops_nobody(tmp_path, boxes):
    own = {("sinks", "one"): (boxes["one"].sink(), dict)}
    config = sinks("one") + '[[sinks]]\nuse = "pigeon"\non = ["completed"]\n'
    with Owned(tmp_path, config=config, own=own) as owned:
        owned.done(put(owned, "a"))
        eventually(lambda: ("completed", "a") in boxes["one"].told())
        (failed,) = eventually(lambda: owned.events(type="notice_failed"))
        assert "pigeon" in failed.data["message"]


def test_sinks_are_made_once_and_closed_with_their_owner(owned, boxes):
    for name in "abc":
        owned.done(put(owned, name))
    eventually(lambda: len(boxes["one"].notices) == 6)
    owned.close()
    assert (boxes["one"].made, boxes["one"].closed) == (1, 1)


def test_a_slow_sink_delays_no_upload(owned, boxes):
    held = threading.Event()
    boxes["one"].fails = lambda notice: held.wait(20)
    for name in "abc":
        owned.done(put(owned, name))
    held.set()
    eventually(lambda: len(boxes["one"].notices) == 6)


def test_one_that_asks_for_a_pause_gets_it(owned, boxes):
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Transient("in an hour", retry_after=3600.0))
    owned.done(put(owned, "a"))
    eventually(lambda: owned.owner.ask(Question(what="sinks"))[0]["message"] == "in an hour")
    (todo,) = todos(owned)
    (event,) = owned.events(type="notice_failed")
    assert todo.due - event.time > 3590 * 10**6
    assert boxes["one"].notices == []


def test_one_that_was_not_taken_for_days_is_set_aside(owned, boxes, monkeypatch):
    monkeypatch.setattr("sendoff.runtime.courier.LONGEST", 0)
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Transient("never"))
    id = put(owned, "a", start=False)
    eventually(lambda: len(owned.events(type="notice_failed")) == 2)
    assert [(event.data["event"], event.data["again"]) for event in owned.events(type="notice_failed")] == [(f"{id}.created", again) for again in (True, False)]
    eventually(lambda: not todos(owned))


def test_a_sink_gets_the_credentials_that_its_settings_name(owned, boxes):
    found = []
    box = boxes["one"]

    def asked(notice):
        found.append(box.toolkit.credential("file:hook").secret.reveal())

    box.fails = asked
    file = owned.config.parent / "credentials.toml"
    file.touch(mode=0o600)
    file.write_text('[hook]\nsecret = "whsec_1"\n')
    owned.done(put(owned, "a"))
    eventually(lambda: found == ["whsec_1"] * 2)


@pytest.mark.fault(79)
def test_a_sink_that_hangs_holds_up_no_other_sink(tmp_path, boxes):
    held = threading.Event()
    boxes["one"].fails = lambda notice: held.wait(30)
    own = {("sinks", name): (box.sink(), dict) for name, box in boxes.items()}
    with Owned(tmp_path, config=sinks("one", "two"), own=own) as owned:
        for name in "abc":
            owned.done(put(owned, name))
        eventually(lambda: len(boxes["two"].notices) == 6)
        assert boxes["one"].notices == []
        held.set()
        eventually(lambda: len(boxes["one"].notices) == 6)


def test_while_a_sink_is_behind_the_owner_is_not_idle(owned, boxes):
    held, at_it = threading.Event(), threading.Event()
    boxes["one"].fails = lambda notice: (at_it.set(), held.wait(30))
    owned.done(put(owned, "a"))
    at_it.wait(30)
    assert not owned.owner.idle() and not owned.owner.catch_up(0.1)
    held.set()
    assert owned.owner.catch_up(30)
    eventually(owned.owner.idle)


def test_what_a_sink_was_not_told_of_is_not_forgotten(owned, boxes):
    owned.config.write_text(sinks("one") + '[retention]\nfinished = "0s"\n')
    owned.owner.reconfigure()
    held, at_it = threading.Event(), threading.Event()
    boxes["one"].fails = lambda notice: (at_it.set(), held.wait(30))
    owned.done(put(owned, "a"))
    at_it.wait(30)
    assert owned.owner.ask(Question(what="gc"))["operations"] == 0
    held.set()
    assert owned.owner.catch_up(30)
    assert owned.owner.ask(Question(what="gc"))["operations"] == 1
    assert [notice.operation["status"] for notice in boxes["one"].notices if notice.type == "completed"] == ["completed"]


def test_a_notice_that_is_late_keeps_its_operation_from_being_forgotten(owned, boxes):
    boxes["one"].fails = lambda notice: (_ for _ in ()).throw(Transient("in an hour", retry_after=3600.0))
    owned.done(put(owned, "a"))
    eventually(lambda: todos(owned))
    owned.config.write_text(sinks("one") + '[retention]\nfinished = "0s"\n')
    assert owned.owner.ask(Question(what="gc"))["operations"] == 0


def test_a_wait_for_a_person_is_told_by_that_name_and_any_other_wait_is_not(tmp_path, boxes):
    own = {("sinks", "one"): (boxes["one"].sink(), dict)}
    locked = '[destinations.locked]\nurl = "http://127.0.0.1:1/"\ncredential = "file:none"\n'
    with Owned(tmp_path, config=sinks("one", on=["needs_person"]) + locked, own=own) as owned:
        id = owned.put(owned.file(), "locked:a")
        owned.until(id, "paused_recoverable")
        (notice,) = eventually(lambda: boxes["one"].notices)
        assert (notice.type, notice.operation["id"], notice.data["needs"]["what"]) == ("needs_person", id, "credential")
        assert (notice.message.title, notice.message.high, notice.message.failed) == ("Needs you: a.bin", True, False)
        assert "sendoff resume" in notice.message.text
