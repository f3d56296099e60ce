"""What is there already when something comes: one target, receipts, batches, and the names of them all."""

import threading
from dataclasses import replace

import pytest
from sendoff.errors import InvalidArgument, Refused, SendoffError, SourceMissing, UnknownOperation
from sendoff.model.change import SaveNote
from sendoff.model.limits import Retention
from sendoff.model.operation import Request
from sendoff.model.query import Query, Question, Selection
from sendoff.runtime.batches import BATCH, NUMBER, OPEN
from sendoff.runtime.forgetting import Forgetting
from sendoff.runtime.receipts import RECEIPT

from tests.core.owned import Owned, eventually

HOST = "plain://10.0.0.1/"
X = f"{HOST}x"
DAY = 86400 * 10**6


@pytest.fixture
def owned(tmp_path):
    with Owned(tmp_path) as made:
        yield made


@pytest.fixture
def busy(owned):
    """An upload holds the only slot: whatever comes is queued and does not begin before the test says so."""
    entered, go = threading.Event(), threading.Event()

    def seen(name, _operation):
        if name == "connect" and not entered.is_set():
            entered.set()
            go.wait(20)

    owned.server.point = seen
    owned.put(owned.file("blocker"), f"{HOST}blocker")
    assert entered.wait(20)
    yield go.set
    go.set()


def put(owned, destination=X, *, source=None, **more):
    """The answer to one request of an unchanged file."""
    (answer,) = owned.create(Request(source=str(source or owned.file()), destination=destination, **more))
    assert not isinstance(answer, SendoffError), answer
    return answer


def many(owned, *names, **more):
    return owned.create(*(Request(source=str(owned.file()), destination=f"{HOST}{name}") for name in names), **more)


def seen(path):
    """What a caller sees of a file without opening it."""
    found = path.stat()
    return (found.st_size, found.st_mtime_ns)


# -- an unchanged source ----------------------------------------------------------------------------------------------


def test_an_unchanged_source_that_is_still_queued_is_not_stored_again(owned, busy):
    first, again = put(owned), put(owned)
    assert (again.id, again.number, again.batch, again.existing, first.existing) == (first.id, first.number, first.batch, True, False)
    assert owned.types(first.id) == ["created"] and len(owned.records()) == 2
    busy()
    owned.done(first.id)
    assert put(owned).existing is False, "what has ended is not queued"


def test_again_stores_it_again_and_it_waits_its_turn(owned, busy):
    first, second = put(owned), put(owned, again=True)
    assert (second.existing, owned.view(second.id)["reason"]) == (False, "earlier_upload")
    assert first.id in owned.view(second.id)["reason_text"]
    assert owned.view(first.id)["status"] == "idle"


@pytest.mark.parametrize(
    "more",
    [
        {"label": "another"}, {"metadata": {"k": 1}}, {"headers": (("A", "1"),)}, {"secret_headers": (("Token", "other"),)}, {"priority": "high"},
        {"credential": "env:TOKEN"}, {"id": "mine"}, {"group": "g"}, {"cost_policy": "always"},
    ],
    ids=lambda more: next(iter(more)),
)  # fmt: skip
def test_who_asks_for_something_else_gets_an_operation_of_its_own(more, tmp_path):
    with Owned(tmp_path, environ={"TOKEN": "t"}) as owned:
        held = {"secret_headers": (("Token", "one"),)} if "secret_headers" in more else {}
        owned.server.point = lambda *_: threading.Event().wait(0.05)
        first = put(owned, "plain://127.0.0.1/x", **held)
        other = put(owned, "plain://127.0.0.1/x", **{**held, **more})
        assert (other.existing, other.id == first.id) == (False, False)


def test_the_same_secret_is_the_same_request(owned, busy):
    local = f"{HOST.replace('10.0.0.1', '127.0.0.1')}x"
    owned.server.point = lambda *_: threading.Event().wait(0.05)
    first = put(owned, local, secret_headers=(("Token", "one"),))
    assert put(owned, local, secret_headers=(("Token", "one"),)).id == first.id


def test_a_post_is_stored_each_time(owned, busy):
    first, second = put(owned, method="POST"), put(owned, method="POST")
    assert (second.existing, second.id == first.id) == (False, False)
    assert owned.view(second.id)["reason"] == "queued"


def test_what_was_created_to_be_started_later_is_its_programs_own(owned, busy):
    first = owned.put(owned.file(), X, start=False)
    second = owned.put(owned.file(), X, start=False)
    assert len({first, second, put(owned).id}) == 3


def test_two_equal_requests_of_one_call_are_one_operation(owned, busy):
    answers = many(owned, "a", "b", "a")
    assert [one.existing for one in answers] == [False, False, True]
    assert (answers[2].id, answers[2].number, answers[2].batch_number) == (answers[0].id, answers[0].number, answers[0].batch_number)
    assert owned.store.note(BATCH, [answers[0].batch])[answers[0].batch].value["total"] == 2


def test_who_comes_at_the_same_moment_gets_the_same_operation(owned, busy):
    path, together, answers = owned.file(), threading.Barrier(8), []

    def come():
        together.wait()
        answers.extend(owned.create(Request(source=str(path), destination=X)))

    threads = [threading.Thread(target=come) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len({one.id for one in answers}), sum(not one.existing for one in answers)) == (1, 1)


def test_what_was_in_a_batch_is_told_with_its_batchs_number(owned, busy):
    first, _ = many(owned, "x", "y")
    assert (put(owned).batch, put(owned).batch_number) == (first.batch, first.batch_number)


# -- a changed source -------------------------------------------------------------------------------------------------


def test_a_changed_source_takes_the_place_of_what_had_not_begun(owned, busy):
    old = put(owned)
    new = put(owned, source=owned.file(content=b"new" * 100))
    view = owned.view(old.id)
    assert (view["status"], view["reason"]) == ("canceled", "replaced") and new.id in view["reason_text"]
    assert owned.events(old.id, "canceled")[0].data == {"reason": "replaced", "by": new.id}
    busy()
    owned.done(new.id)
    assert owned.server.things[X] == b"new" * 100


def test_what_has_begun_is_not_replaced_and_goes_first(owned):
    entered, go = threading.Event(), threading.Event()
    owned.server.point = lambda name, _: (entered.set(), go.wait(20)) if name == "before_last" else None
    old = put(owned)
    assert entered.wait(20)
    new = put(owned, source=owned.file(content=b"new" * 100))
    assert (owned.view(new.id)["reason"], owned.view(old.id)["status"]) == ("earlier_upload", "running")
    go.set()
    owned.done(new.id)
    assert owned.server.things[X] == b"new" * 100


def test_what_begins_in_the_very_moment_it_would_be_replaced_goes_on(owned, busy):
    old = put(owned)
    path = owned.file(content=b"new" * 100)
    targets = owned.owner._app._intake._targets
    look = targets.met

    def met(drafts):
        found = look(drafts)
        owned.order("pause", old.id)  # another version of it, written after it was looked at
        return found

    targets.met = met
    new = put(owned, source=path)
    assert (owned.view(old.id)["status"], new.existing, owned.view(new.id)["status"]) == ("paused_by_application", False, "idle")
    assert owned.types(old.id) == ["created", "paused"]


def test_another_source_to_the_same_target_replaces_nothing(owned, busy):
    first = put(owned)
    second = put(owned, source=owned.file("other"))
    assert (owned.view(first.id)["status"], owned.view(second.id)["reason"]) == ("idle", "earlier_upload")


def test_a_batch_that_loses_its_last_open_operation_to_a_newer_put_has_ended(owned, busy):
    path, _ = owned.file(), owned.file("b")
    answers = owned.create(*(Request(source=str(source), destination=f"{HOST}{source.name}") for source in (path, owned.file("b"))))
    for name in (path.name, "b"):
        owned.file(name, b"changed")
        put(owned, f"{HOST}{name}", source=owned.folder / name)
    (event,) = owned.events(type="batch_completed")
    assert (event.batch, event.data) == (answers[0].batch, {"total": 2})


def test_what_a_person_paused_is_passed_by_and_named(owned, busy):
    paused = put(owned)
    owned.order("pause", paused.id)
    new = put(owned)
    assert new.existing is False
    assert owned.events(new.id, "created")[0].data["passed"] == [paused.id]
    assert (owned.view(paused.id)["status"], owned.view(new.id)["reason"]) == ("paused_by_application", "queued")


# -- receipts ---------------------------------------------------------------------------------------------------------


def test_what_has_a_receipt_is_skipped_and_its_source_is_not_touched(owned):
    path = owned.file()
    first, stat = put(owned), seen(path)
    owned.done(first.id)
    path.unlink()
    answer = put(owned, source=path, only_new=stat)
    assert (answer.id, answer.number, answer.existing, answer.skipped, answer.url) == (first.id, first.number, True, "unchanged", X)
    assert len(owned.records()) == 1


@pytest.mark.parametrize("change", [(1, 0), (0, 1)])
def test_another_size_or_time_is_new(change, owned):
    path = owned.file()
    owned.done(put(owned).id)
    size, mtime = seen(path)
    assert put(owned, only_new=(size + change[0], mtime + change[1])).skipped is None


def test_what_was_overwritten_by_another_upload_is_new_again(owned):
    path = owned.file()
    owned.done(put(owned).id)
    other = put(owned, source=owned.file("other", b"other"))
    owned.done(other.id)
    assert put(owned, only_new=seen(path)).skipped is None
    assert put(owned, source=owned.folder / "other", only_new=seen(owned.folder / "other")).id == other.id


def test_what_failed_or_was_posted_leaves_no_receipt(owned, busy):
    posted, canceled = put(owned, method="POST"), put(owned, f"{HOST}canceled")
    owned.order("cancel", canceled.id)
    busy()
    owned.done(posted.id)
    assert {note.value["id"] for note in owned.store.notes(RECEIPT).items} == {owned.records()[0].id}
    assert put(owned, f"{HOST}canceled", only_new=seen(owned.file())).skipped is None


def test_a_post_is_never_skipped(owned):
    owned.done(put(owned).id)
    assert put(owned, method="POST", only_new=seen(owned.file())).skipped is None


def test_a_receipt_gives_nothing_of_the_address_away(owned):
    owned.done(put(owned, f"{X}?token=s3cret-value").id)
    (note,) = owned.store.notes(RECEIPT).items
    assert "s3cret" not in f"{note.key}{note.value}" and "10.0.0.1" not in f"{note.key}{note.value}"


def test_a_receipt_outlives_its_operation_and_goes_after_its_own_time(owned):
    path = owned.file()
    owned.done(put(owned).id)
    keep = Retention(now=owned.owner._given.clock.wall() + DAY, finished=1)
    assert owned.store.trim(keep, limit=100) == 1 and owned.records() == []
    assert put(owned, only_new=seen(path)).skipped == "unchanged"
    for later, left in ((2 * DAY - DAY // 2, 1), (2 * DAY + DAY // 2, 0)):
        forgetting(owned, later, receipts=2 * DAY).run()
        assert len(owned.store.notes(RECEIPT).items) == left
    assert put(owned, only_new=seen(path)).skipped is None


# -- what a walk found ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("together", [True, False])
def test_what_vanished_since_the_walk_is_passed_by_and_not_counted(together, owned, busy):
    gone = Request(source=str(owned.folder / "gone"), destination=f"{HOST}gone", found=True)
    here = [Request(source=str(owned.file(name)), destination=f"{HOST}{name}", found=True) for name in "ab"]
    first, answer, last = owned.create(here[0], gone, here[1], together=together)
    assert (answer.id, answer.number, answer.skipped, answer.url) == ("", 0, "vanished", f"{HOST}gone")
    assert (first.skipped, last.skipped, first.batch == answer.batch) == (None, None, True)
    assert owned.store.note(BATCH, [first.batch])[first.batch].value["total"] == 2


def test_what_somebody_named_must_be_there(owned):
    gone, here = Request(source=str(owned.folder / "gone"), destination=f"{HOST}gone"), Request(source=str(owned.file()), destination=X, found=True)
    assert [type(one) for one in owned.create(here, gone, together=True)] == [Refused, SourceMissing]


def test_a_dry_run_says_what_would_be_skipped_and_what_is_there(owned, busy):
    queued, path = put(owned, f"{HOST}queued"), owned.file()
    requests = [
        Request(source=str(path), destination=f"{HOST}queued"),
        Request(source=str(owned.folder / "gone"), destination=f"{HOST}gone", found=True),
        Request(source=str(path), destination=f"{HOST}own", id="own"),
        Request(source=str(path), destination=f"{HOST}new"),
        Request(source=str(path), destination=f"{HOST}new"),
    ]
    put(owned, f"{HOST}own", id="own")
    before = len(owned.records())
    answers = owned.create(*requests, dry_run=True)
    assert [(one.existing, one.skipped) for one in answers] == [(True, None), (False, "vanished"), (True, None), (False, None), (True, None)]
    assert (answers[0].id, answers[2].id, answers[4].id) == (queued.id, "own", answers[3].id)
    assert len(owned.records()) == before


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
    assert {record.id for record in owned.owner._app._selecting.chosen(Selection(ids=(str(first.batch_number),)))} == set(both)


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


class Later:
    """The owner's clock, so much later."""

    def __init__(self, clock, by):
        self._clock, self.by, self.ticks = clock, by, 0.0

    def wall(self):
        return self._clock.wall() + self.by

    def monotonic(self):
        return self.ticks

    steady = wall


def forgetting(owned, by, **keep):
    return Forgetting(owned.owner._journal, Later(owned.owner._given.clock, by), lambda: replace(Retention(), **keep))


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
