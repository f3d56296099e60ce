"""Batches that a client holds open, and what the next owner makes of them."""

import sys

import pytest
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.change import SaveNote
from sendoff.model.operation import Request
from sendoff.model.query import Question
from sendoff.runtime.batches import BATCH, COMPLETION, HANDLER, OPEN, kept

from tests.core.coming import HOST, many
from tests.core.owned import eventually

HANDLER_OF_NOBODY = {"function": "no_such_module:told", "interpreter": sys.executable, "folder": "/", "path": sys.path}


@pytest.fixture
def held(owned):
    """A batch that this process holds open."""
    hold = Hold(Place(state=str(owned.state), config=str(owned.config)))
    hold.take()
    yield hold
    hold.release()


def add(owned, batch, *names, **more):
    return owned.create(*(Request(source=str(owned.file()), destination=f"{HOST}{name}") for name in names), batch=batch, **more)


def seal(owned, batch, handler=None):
    return owned.owner.ask(Question(what="seal", details={"batch": batch, "handler": handler}))


def told(owned, batch):
    return [dict(event.data) for event in owned.events(type="batch_completed") if event.batch == batch]


@pytest.mark.parity("F99")
def test_calls_join_a_batch_that_is_held_until_it_is_sealed(owned, held):
    (first,) = add(owned, held.id, "a")
    owned.done(first.id)
    owned.reopen()
    second, third = add(owned, held.id, "b", "c", start=False)
    assert {one.batch for one in (first, second, third)} == {held.id} and first.batch_number == third.batch_number
    owned.order("cancel", second.id)
    owned.order("cancel", third.id)
    assert told(owned, held.id) == []

    assert seal(owned, held.id)["total"] == 3
    assert told(owned, held.id) == [{"total": 3, "completed": 1, "failed": 0, "canceled": 2, "outcome": "success"}]

    assert seal(owned, held.id)["total"] == 3, "whoever has lost the answer asks again"
    with pytest.raises(InvalidState, match="is closed"):
        add(owned, held.id, "d")
    assert len(owned.records()) == 3 and len(told(owned, held.id)) == 1


def test_a_batch_that_nobody_holds_cannot_be_joined_or_sealed(owned, held):
    batch = many(owned, "a", "b", start=False)[0].batch
    for name in (batch, "../../etc/passwd", "", held.id[:-1] + "x"):
        with pytest.raises(InvalidState):
            add(owned, name or " ", "c")
    with pytest.raises(InvalidState):
        seal(owned, "nobody")
    with pytest.raises(InvalidArgument, match="batch: a text is expected"):
        seal(owned, None)
    assert len(owned.records()) == 2


def test_whoever_lets_go_leaves_it_closed_at_what_came_and_an_event_says_so(owned, held):
    add(owned, held.id, "a", start=False)
    held.release()
    eventually(lambda: not any(note.value["sealed"] is False for note in owned.store.notes(BATCH).items))
    assert [event.data for event in owned.events(type="changed") if event.batch == held.id] == [{"sealed": 1}]
    with pytest.raises(InvalidState, match="is closed"):
        seal(owned, held.id, HANDLER_OF_NOBODY)
    assert owned.store.notes(COMPLETION).items == []


def test_a_batch_in_which_nothing_was_stored_leaves_nothing(owned, held):
    (refused,) = owned.create(Request(source="/nowhere/at/all", destination=f"{HOST}x"), batch=held.id)
    assert isinstance(refused, InvalidArgument)
    assert seal(owned, held.id)["total"] == 0
    assert (owned.store.notes(BATCH).items, owned.store.notes(OPEN).items, told(owned, held.id)) == ([], [], [])


@pytest.mark.parity("F107")
def test_an_owner_that_dies_between_the_last_end_and_the_to_do_leaves_it_to_the_next_one(owned, held):
    (one,) = add(owned, held.id, "a", start=False)
    owned.order("cancel", one.id)
    number = one.batch_number
    completion = SaveNote(kind=COMPLETION, key=held.id, value=HANDLER_OF_NOBODY)
    owned.owner._journal.commit([*kept(held.id, number, 1, sealed=True), completion])  # and here it dies
    held.release()
    owned.config.write_text("[handlers]\nattempts = 1\n")

    owned.reopen()

    (event,) = eventually(lambda: owned.events(type="handler_failed"))
    assert (event.batch, event.data["again"]) == (held.id, False) and "no_such_module" in event.data["message"]
    assert told(owned, held.id)[0]["outcome"] is None
    assert (owned.store.todos(2**62, kind=HANDLER), owned.store.notes(COMPLETION).items) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"function": "os.system"}, {"function": "a:b:c"}, {"function": 3}, {"interpreter": "python"}, {"folder": "here"}, {"folder": "/\0"},
        {"path": "abc"}, {"path": [1]}, {"path": ["x" * 40_000]},
    ],
)  # fmt: skip
def test_a_handler_that_is_none_is_refused_and_the_batch_stays_open(change, owned, held):
    with pytest.raises(InvalidArgument, match="handler"):
        seal(owned, held.id, {**HANDLER_OF_NOBODY, **change})
    assert len(add(owned, held.id, "a", start=False)) == 1
    assert seal(owned, held.id)["total"] == 1
