"""What is there already when something comes: one target, receipts, and what a walk found."""

import threading

import pytest
from sendoff.errors import Refused, SourceMissing
from sendoff.model.limits import Retention
from sendoff.model.operation import Request
from sendoff.model.query import Query
from sendoff.policy.standing import Standing
from sendoff.runtime.batches import BATCH
from sendoff.runtime.receipts import RECEIPT

from tests.core.coming import DAY, HOST, X, forgetting, many, put, seen
from tests.core.owned import Owned

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


def test_what_an_order_for_many_will_still_stop_does_not_stand_for_what_comes_after_it(owned, busy):
    first = put(owned)
    held = Standing(id="order", verb="cancel", query=Query(open=True), upto=first.number)
    owned.owner._app._parts.in_force.put(held)
    second = put(owned)
    assert (second.existing, second.id == first.id) == (False, False)
    owned.owner._app._parts.in_force.drop(held.id)


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
    assert (event.batch, event.data["total"], event.data["canceled"], event.data["outcome"]) == (answers[0].batch, 2, 2, None)


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
