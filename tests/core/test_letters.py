"""What a sink is told of, and in which words."""

import pytest
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.model.operation import Request
from sendoff.model.query import Question

from tests.core.letterbox import Letterbox, put, sinks
from tests.core.owned import Owned, eventually


@pytest.fixture
def boxes():
    return {"one": Letterbox(), "two": Letterbox()}


WORDED = """title = "{name} is at {destination} ({finished}/{total})"
text = "{size}, {event}"
failure_title = "{name} failed"
failure_text = "{error} {{{number}}}"
tag = "{destination}"
"""


def test_what_people_read_is_as_the_templates_say(tmp_path, boxes):
    own = {("sinks", "one"): (boxes["one"].sink(), dict)}
    with Owned(tmp_path, config=sinks("one", on=["completed", "failed", "batch_completed"]) + WORDED, own=own) as owned:
        good, bad = owned.file("good.bin"), owned.file("bad.bin")
        answers = owned.create(*(Request(source=str(one), destination=f"plain://10.0.0.1/{one.name}") for one in (good, bad)), start=False)
        bad.write_bytes(b"changed")
        owned.order("start", answers[0].id)
        owned.done(answers[0].id)
        owned.order("start", answers[1].id)
        owned.until(answers[1].id, "error")
        eventually(lambda: len(boxes["one"].notices) == 3)
    completed, failed, batch = (notice.message for notice in boxes["one"].notices)
    assert (completed.title, completed.text) == ("good.bin is at plain://10.0.0.1/good.bin (1/2)", "1000 B, completed")
    assert (completed.tag, completed.failed) == ("plain://10.0.0.1/good.bin", False)
    assert failed.title == "bad.bin failed" and failed.text.endswith(f"{{{answers[1].number}}}") and failed.failed
    assert batch.title == "2 uploads failed" and batch.text == f"{failed.text.rpartition(' ')[0]} {{}}"
    assert (batch.tag, batch.failed) == ("plain://10.0.0.1", True)


def test_who_hears_of_batches_alone_hears_of_a_batch_of_one_too_and_of_a_greater_one_once(tmp_path, boxes):
    own = {("sinks", "one"): (boxes["one"].sink(), dict)}
    with Owned(tmp_path, config=sinks("one", on=["batch_completed"]), own=own) as owned:
        single = put(owned, "single")
        owned.done(single)
        answers = owned.create(*(Request(source=str(owned.file()), destination=f"plain://10.0.0.1/{name}") for name in "ab"))
        for answer in answers:
            owned.done(answer.id)
        assert eventually(lambda: len(boxes["one"].notices) == 2) and owned.owner.catch_up(30)
    first, second = boxes["one"].notices
    assert (first.type, first.operation, first.data["batch"], first.data["outcome"]) == ("batch_completed", None, owned_batch(owned, single), "success")
    assert (first.message.title, second.message.title) == ("Uploaded: a.bin", "Uploaded: 2 uploads")
    assert (second.data["batch"], second.data["total"]) == (answers[0].batch, 2)


def test_a_batch_that_was_held_open_for_a_single_upload_is_called_one_upload(tmp_path, boxes):
    with Owned(tmp_path, config=sinks("one", on=["batch_completed"]), own={("sinks", "one"): (boxes["one"].sink(), dict)}) as owned:
        hold = Hold(Place(state=str(owned.state), config=str(owned.config)))
        hold.take()
        (answer,) = owned.create(Request(source=str(owned.file()), destination="plain://10.0.0.1/a"), batch=hold.id)
        owned.done(answer.id)
        owned.owner.ask(Question(what="seal", details={"batch": hold.id, "handler": None}))
        hold.release()
        eventually(lambda: boxes["one"].notices)
    assert boxes["one"].notices[0].message.title == "Uploaded: 1 upload"


def owned_batch(owned, id):
    """Of an operation, by its history."""
    owned.store.open()
    try:
        return owned.record(id).batch
    finally:
        owned.store.close()
