"""What one call has created, the names of it, and how it is forgotten."""

import pytest
from sendoff.errors import InvalidArgument, UnknownOperation
from sendoff.model.change import SaveNote
from sendoff.model.limits import Retention
from sendoff.model.query import Order, Query, Question, Selection
from sendoff.runtime.batches import BATCH, NUMBER, OPEN
from sendoff.runtime.receipts import RECEIPT

from tests.core.coming import DAY, HOST, forgetting, many, put
from tests.core.owned import eventually

# -- batches ----------------------------------------------------------------------------------------------------------


def test_a_batch_has_a_number_of_its_own_and_a_batch_of_one_has_none(owned, busy):
    one = put(owned, f"{HOST}one")
    first, second = many(owned, "a", "b")
    last = put(owned, f"{HOST}last")
    assert (one.batch_number, last.batch_number, first.batch_number) == (None, None, second.batch_number)
    assert [one.number + 1, one.number + 2, one.number + 3, one.number + 4] == [first.batch_number, first.number, second.number, last.number]
    assert {note.key for note in owned.store.notes(BATCH).items} == {first.batch}


def test_a_batch_that_has_ended_stays_closed_though_one_of_it_is_tried_again(owned, busy):
    first, second = many(owned, "a", "b")
    for one in (first, second):
        owned.order("cancel", one.id)
    (event,) = owned.events(type="batch_completed")
    owned.order("retry", first.id)
    busy()
    owned.done(first.id)
    assert len(owned.events(type="batch_completed")) == 1
    (note,) = owned.store.notes(BATCH).items
    assert (note.value["ended"], owned.store.notes(OPEN).items) == (event.time, [])


def test_a_batch_is_remembered_until_its_last_operation_is_forgotten(owned):
    first, second = many(owned, "a", "b")
    for one in (first, second):
        owned.done(one.id)
    eventually(lambda: owned.events(type="batch_completed"))
    assert forgetting(owned, 40 * DAY).run() == 0, "its operations are still there"
    while owned.store.trim(Retention(now=owned.owner._given.clock.wall() + 40 * DAY), limit=100):
        pass
    assert forgetting(owned, 10 * DAY).run() == 0
    assert forgetting(owned, 40 * DAY).run() == 1
    assert (owned.store.notes(BATCH).items, owned.store.notes(NUMBER).items) == ([], [])


def test_what_was_handed_over_to_an_owner_that_died_is_counted_anew(owned):
    """The count is written ahead of the slice; who took over finds what came."""
    many(owned, "a", "b", start=False)
    (note,) = owned.store.notes(BATCH).items
    owned.owner._journal.commit([SaveNote(kind=BATCH, key=note.key, value={**note.value, "sealed": False, "total": 1000})])
    owned.reopen()
    (note,) = owned.store.notes(BATCH).items
    assert (note.value["total"], note.value["sealed"], note.value["ended"]) == (2, True, None)
    assert [event.data for event in owned.events(type="changed")] == [{"sealed": 2}]


def test_a_batch_is_counted_by_status_and_by_bytes(owned, busy):
    first, second, third = many(owned, "a", "b", "c")
    ask = lambda name: owned.owner.ask(Question(what="batch", details={"name": name}))  # noqa: E731
    fresh = ask(str(first.batch_number))
    assert (fresh["id"], fresh["number"], fresh["total"], fresh["sealed"], fresh["ended"]) == (first.batch, first.batch_number, 3, True, None)
    assert (fresh["statuses"], fresh["reasons"], fresh["total_bytes"], fresh["confirmed_bytes"]) == ({"idle": 3}, {"queued": 3}, 3000, 0)
    owned.order("pause", first.id)
    owned.order("cancel", second.id)
    assert ask(third.id)["statuses"] == {"idle": 1, "paused_by_application": 1, "canceled": 1}
    busy()
    owned.done(third.id)
    later = ask(first.batch)
    assert (later["statuses"], later["confirmed_bytes"], later["sent_bytes"]) == ({"paused_by_application": 1, "canceled": 1, "completed": 1}, 1000, 1000)
    owned.order("cancel", first.id)
    assert ask(first.batch)["ended"] is not None


def test_a_batch_of_one_is_counted_too(owned):
    one = put(owned)
    owned.done(one.id)
    told = owned.owner.ask(Question(what="batch", details={"name": one.id}))
    assert (told["number"], told["total"], told["sealed"], told["statuses"]) == (one.number, 1, True, {"completed": 1})
    with pytest.raises(InvalidArgument):
        owned.owner.ask(Question(what="batch", details={}))


# -- names ------------------------------------------------------------------------------------------------------------


def names(owned, word):
    return [view["id"] for view in owned.owner.page(Query(name=word)).items]


def test_an_id_a_number_and_the_beginning_of_an_id_mean_an_operation_or_a_batch(owned, busy):
    alone = put(owned, f"{HOST}alone", id="alone-in-the-world")
    first, second = many(owned, "a", "b")
    both = [first.id, second.id]
    assert names(owned, alone.id) == names(owned, str(alone.number)) == names(owned, "alon") == names(owned, alone.batch) == [alone.id]
    assert names(owned, first.batch) == names(owned, str(first.batch_number)) == both
    length = next(size for size in range(1, 37) if len({one[:size] for one in (first.batch, *both, alone.batch)}) == 4)
    assert names(owned, first.batch[:length]) == both
    assert names(owned, first.id[:length]) == [first.id]
    assert set(owned.owner.order(Order(verb="pause"), Selection(ids=(str(first.batch_number),))).ids) == set(both)


def test_a_beginning_of_several_lists_them_and_batches_with_their_size(owned, busy):
    first, second = many(owned, "a", "b")
    with pytest.raises(InvalidArgument) as refused:
        names(owned, first.id[:8])
    candidates = refused.value.facts["candidates"]
    assert {f"{first.batch}  batch of 2", f"{first.id}  {first.url}", f"{second.id}  {second.url}"} <= set(candidates)


@pytest.mark.parametrize("word", ["", "nowhere", "99", "abc", "0" * 400, "\udcff", "ä", "%", "_", "1e3", "-1"])
def test_a_name_that_nobody_has_is_unknown_and_says_what_helps(word, owned):
    put(owned, id="abcdef")
    with pytest.raises(UnknownOperation) as refused:
        names(owned, word)
    assert "sendoff list" in refused.value.hint


def test_a_name_is_followed(owned, busy):
    first, second = many(owned, "a", "b")
    news = owned.owner.follow(Query(name=str(first.batch_number)), after=0)
    assert {next(news).operation, next(news).operation} == {first.id, second.id}
    news.close()
    with pytest.raises(UnknownOperation):
        next(owned.owner.follow(Query(name="nowhere"), after=0))


def test_a_name_and_ids_cannot_both_be_asked_for(owned):
    with pytest.raises(InvalidArgument):
        owned.owner.page(Query(name="1", ids=("2",)))


# -- forgetting -------------------------------------------------------------------------------------------------------


def test_notes_are_looked_at_a_page_at_a_time_over_the_lives_of_several_hosts(owned):
    journal = owned.owner._journal
    old = {"size": 1, "mtime": 1, "id": "x", "number": 1, "at": 0}
    journal.commit_many([[SaveNote(kind=RECEIPT, key=f"{place:05}", value=old)] for place in range(2500)])
    left = []
    for _ in range(4):  # each a process that lives for one page
        one = forgetting(owned, 0, receipts=1)
        one._clock.ticks += 2.5
        one.work()
        one.work()
        left.append(len(owned.store.notes(RECEIPT, limit=5000).items))
    assert left == [1500, 500, 0, 0]
