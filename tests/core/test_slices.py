"""Many requests in one call: all or none, a slice at a time, one batch."""

import itertools

import pytest
from sendoff.errors import Refused, UnsupportedScheme
from sendoff.model.operation import Request
from sendoff.model.query import Created, Query
from sendoff.runtime.batches import BATCH

from tests.core.coming import HOST, request
from tests.core.owned import eventually

SLICE = 100  # a thousand is the same, ten times as long


@pytest.fixture(autouse=True)
def small_slices(monkeypatch):
    monkeypatch.setattr("sendoff.runtime.intake.SLICE", SLICE)


def test_together_means_all_or_none(owned):
    answers = owned.create(request(owned), request(owned, "ftp://h/x"), request(owned), together=True)
    assert [type(one) for one in answers] == [Refused, UnsupportedScheme, Refused]
    assert owned.records() == []
    assert len(owned.create(request(owned), request(owned, f"{HOST}y"), together=True)) == 2


def test_apart_each_is_answered_for_itself(owned):
    answers = owned.create(request(owned), request(owned, "ftp://h/x"), request(owned, f"{HOST}y"), start=False)
    assert [type(one) for one in answers] == [Created, UnsupportedScheme, Created]
    assert [record.id for record in owned.records()] == [answers[0].id, answers[2].id]


def test_a_dry_run_checks_everything_and_stores_nothing(owned):
    answers = owned.create(request(owned), request(owned, "ftp://h/x"), dry_run=True)
    assert [type(one) for one in answers] == [Created, UnsupportedScheme]
    assert (owned.records(), owned.events(), owned.store.notes(BATCH).items) == ([], [], [])


def many(owned, count):
    source = str(owned.file(content=b"x"))
    return (Request(source=source, destination=f"{HOST}{number}") for number in range(count))


@pytest.mark.parametrize("count", [2, SLICE, SLICE + 1])
def test_a_call_is_one_batch_that_ends_once(count, owned):
    answers = list(owned.owner.create(many(owned, count), environment={}))
    (batch,) = {one.batch for one in answers}
    assert [one.number for one in answers] == list(range(2, count + 2))
    assert {one.batch_number for one in answers} == {1}
    (event,) = eventually(lambda: owned.events(type="batch_completed"))
    assert (event.batch, event.data["total"], event.data["completed"]) == (batch, count, count)
    assert not owned.store.find(Query(open=True), limit=1).items
    (note,) = owned.store.notes(BATCH).items
    assert note.value == {"number": 1, "total": count, "sealed": True, "ended": event.time}


def test_the_last_slice_has_been_stored_when_its_answer_comes(owned):
    seen = []
    for number, answer in enumerate(owned.owner.create(many(owned, SLICE + 5), start=False, environment={})):
        if number in (0, SLICE):
            seen.append(len(owned.records()))
            assert owned.record(answer.id)
    assert seen == [SLICE, SLICE + 5]


def test_a_client_that_stops_in_the_middle_leaves_a_batch_of_what_was_stored(owned):
    answers = owned.owner.create(many(owned, 3 * SLICE), environment={})
    *_, last = itertools.islice(answers, SLICE + 10)
    answers.close()
    (event,) = eventually(lambda: owned.events(type="batch_completed"))
    assert (event.batch, event.data["total"]) == (last.batch, 2 * SLICE)
    (sealed,) = owned.events(type="changed")
    assert (sealed.batch, sealed.data) == (last.batch, {"sealed": 2 * SLICE})


def test_requests_that_break_off_leave_a_batch_of_what_was_stored(owned):
    def breaking():
        yield from itertools.islice(many(owned, SLICE), SLICE)
        raise ConnectionResetError("the client is gone")

    with pytest.raises(ConnectionResetError):
        list(owned.owner.create(breaking(), environment={}))
    assert len(owned.records()) == SLICE
    assert eventually(lambda: owned.events(type="batch_completed"))[0].data["total"] == SLICE


def test_a_batch_counts_what_was_stored_not_what_was_there(owned):
    owned.create(request(owned, id="old"), start=False)
    answers = owned.create(request(owned, id="old"), request(owned, f"{HOST}a", id="a"), request(owned, f"{HOST}b"), request(owned, "ftp://h/"))
    assert [getattr(one, "existing", None) for one in answers] == [True, False, False, None]
    assert eventually(lambda: owned.events(type="batch_completed"))[0].data["total"] == 2


def test_what_was_all_there_makes_no_batch(owned):
    for _ in range(2):
        owned.create(request(owned, id="a"), request(owned, f"{HOST}b", id="b"), start=False)
    assert len(owned.store.notes(BATCH).items) == 1


def test_a_batch_whose_owner_died_before_its_end_is_sealed_by_the_next(owned):
    answers = owned.owner.create(many(owned, 2 * SLICE), start=False, environment={})
    next(answers)
    (note,) = owned.store.notes(BATCH).items
    assert note.value["sealed"] is False
    owned.reopen()
    (note,) = owned.store.notes(BATCH).items
    assert note.value == {"number": 1, "total": SLICE, "sealed": True, "ended": None, "stopped": True}
    assert [event.data for event in owned.events(type="changed")] == [{"sealed": SLICE}]
    answers.close()
