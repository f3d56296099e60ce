"""Programs by whose life uploads go, and what their owner makes of the end of them."""

import pytest
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.operation import Request
from sendoff.model.query import Question
from sendoff.runtime.clients import CLIENT

from tests.core.coming import HOST


@pytest.fixture
def life(owned):
    """A program's that lives."""
    hold = Hold(Place(state=str(owned.state), config=str(owned.config)))
    hold.take()
    yield hold
    hold.release()


def known(owned):
    return [note.key for note in owned.store.notes(CLIENT).items]


def test_what_waits_for_a_slot_is_left_with_its_program_and_the_program_forgotten(owned, busy, life):
    waiting = owned.put(owned.file(), f"{HOST}a", client=life.id)
    unbegun = owned.put(owned.file(), f"{HOST}b", client=life.id, start=False)
    others = owned.put(owned.file(), f"{HOST}c")
    assert known(owned) == [life.id]

    life.release()
    assert owned.owner.ask(Question(what="clients")) == {"gone": 1}

    assert [(owned.view(id)["status"], owned.view(id)["reason"]) for id in (waiting, unbegun, others)] == [
        ("paused_by_application", "client_gone"), ("idle", None), ("idle", "queued"),
    ]  # fmt: skip
    assert known(owned) == []
    busy()
    owned.done(others)
    assert owned.view(waiting)["reason"] == "client_gone"


def test_a_program_that_says_so_is_over_at_once_and_one_that_was_not_heard_of_is_none(owned, busy, life):
    waiting = owned.put(owned.file(), f"{HOST}a", client=life.id)

    assert owned.owner.ask(Question(what="clients", details={"over": "another"})) == {"gone": 0}
    assert owned.view(waiting)["status"] == "idle"
    owned.owner.ask(Question(what="clients", details={"over": life.id}))

    assert owned.view(waiting)["reason"] == "client_gone"
    with pytest.raises(InvalidArgument, match="over: a text is expected"):
        owned.owner.ask(Question(what="clients", details={"over": 3}))


def test_nothing_is_stored_for_a_program_that_is_not_there(owned):
    for client in ("0196b2c0-0000-7000-8000-000000000001", "../../etc/passwd", ""):
        with pytest.raises(InvalidState, match="nobody is there by whose life"):
            owned.create(Request(source=str(owned.file()), destination=f"{HOST}a", client=client))

    assert owned.records() == [] and known(owned) == []


def test_the_next_owner_leaves_it_before_anything_begins(owned, busy, life):
    waiting = owned.put(owned.file(), f"{HOST}a", client=life.id)
    owned.close()
    life.release()
    owned.open()

    assert (owned.view(waiting)["status"], owned.types(waiting)) == ("paused_by_application", ["created", "paused"])


def test_whoever_lists_it_is_the_one_by_whose_life_it_goes(owned, busy, life):
    waiting = owned.put(owned.file(), f"{HOST}a", client=life.id)
    owned.owner.ask(Question(what="clients", details={"over": life.id}))
    other = Hold(Place(state=str(owned.state), config=str(owned.config)))
    other.take()

    owned.order("attach", waiting, client=other.id)
    assert (owned.view(waiting)["status"], known(owned), owned.record(waiting).spec.client) == ("idle", [other.id], other.id)
    other.release()
    owned.owner.ask(Question(what="clients"))
    owned.order("resume", waiting)
    busy()

    owned.done(waiting)
    assert owned.types(waiting) == ["created", "paused", "resumed", "paused", "resumed", "completed"]
