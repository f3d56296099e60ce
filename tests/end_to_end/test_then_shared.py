"""A file that several uploads read: none takes away what another still needs, and the last that was asked to lets go of it."""

from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB

SIZE = 2 * MIB
TOLD = ("source_removed", "source_left")


@pytest.fixture
def slow(tmp_path):
    """A server that takes a while over what it gets."""
    with Receiver(tmp_path / "slow", rate=MIB) as made:
        yield made


def told(stage, id):
    """What the history says of the file, as soon as its upload has ended and it says anything."""
    stage.run("wait", id)
    eventually(lambda: [event for event in stage.history(id) if event.type in TOLD], "a word about the file")
    return [(event.type, event.data.get("what") or event.data["why"]) for event in stage.history(id) if event.type in TOLD]


def sent(*receivers):
    """The digests of what was put, and not of the questions."""
    return [request.sha256 for one in receivers for request in one.requests if request.method == "PUT"]


def number(stage, id):
    return stage.view(id)["number"]


@pytest.mark.parametrize(("first", "last", "done"), [("delete", "delete", "deleted"), ("move:one", "move:two", "moved"), ("delete", "move:two", "moved")])
def test_the_first_leaves_what_the_second_still_sends_and_the_second_lets_go_of_it(first, last, done, stage, receiver, slow):
    path, digest = stage.file(SIZE)
    for name in ("one", "two"):
        (stage.folder / name).mkdir()
    (late,) = stage.put(path, slow.url, "--then", last)
    (early,) = stage.put(path, receiver.url, "--then", first)

    assert told(stage, early) == [("source_left", f"upload {number(stage, late)} may still need it")]
    assert told(stage, late) == [("source_removed", done)]
    assert sent(receiver, slow) == [digest] * 2
    places = [Path(path), stage.folder / "one" / "source.bin", stage.folder / "two" / "source.bin"]
    assert [place.exists() for place in places] == [False, False, last == "move:two"]


def test_it_stays_where_the_last_to_need_it_was_not_asked_to_let_go_of_it(stage, receiver, slow):
    path, _ = stage.file(SIZE)
    (plain,) = stage.put(path, slow.url)
    (asked,) = stage.put(path, receiver.url, "--then", "delete")
    stage.run("wait", plain, asked)

    assert told(stage, asked) == [("source_left", f"upload {number(stage, plain)} may still need it")]
    assert Path(path).stat().st_size == SIZE
    assert not [event for event in stage.history(plain) if event.type in TOLD]


def test_a_part_of_it_that_waits_needs_it_and_a_copy_of_it_does_not(stage, receiver):
    one, two = stage.file(SIZE, "one")[0], stage.file(SIZE, "two")[0]
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        part = client.put(one, f"{receiver.url}part", length=10, start=False)
        client.put(two, f"{receiver.url}copy", copy=True, start=False)
    (first,) = stage.put(one, receiver.url, "--then", "delete")
    (second,) = stage.put(two, receiver.url, "--then", "delete")

    assert told(stage, first) == [("source_left", f"upload {number(stage, part.id)} may still need it")]
    assert told(stage, second) == [("source_removed", "deleted")]


def test_what_has_failed_may_be_retried_and_what_was_given_up_may_not(stage, receiver, tmp_path):
    path, _ = stage.file(SIZE)
    with Receiver(tmp_path / "refusing", script=[Rule(do=Answer(403), times=None)]) as refusing:
        (failed,) = stage.put(path, refusing.url, "--then", "delete")
        stage.run("wait", failed, fine=(1,))
        (one,) = stage.put(path, f"{receiver.url}one", "--then", "delete")
        assert told(stage, one) == [("source_left", f"upload {number(stage, failed)} has failed, and a retry would need it")]
        stage.run("cancel", failed)

        (two,) = stage.put(path, f"{receiver.url}two", "--then", "delete")
        assert told(stage, two) == [("source_removed", "deleted")]


def test_in_a_group_that_goes_one_at_a_time_the_last_lets_go_of_it(stage, receiver):
    path, digest = stage.file(SIZE)
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        sendoff.TransferGroup.create("queue", client).behavior = sendoff.TransferBehavior.SERIALIZED
        ids = [client.put(path, f"{receiver.url}{name}", group="queue", then="delete", start=False).id for name in "abc"]
        for id in ids:
            client.get(id).start()

    ends = [told(stage, id) for id in ids]
    assert [[type_ for type_, _ in one] for one in ends] == [["source_left"], ["source_left"], ["source_removed"]]
    assert sent(receiver) == [digest] * 3
    assert not Path(path).exists()


def test_put_twice_it_is_one_upload_and_let_go_of_once(stage, slow):
    path, digest = stage.file(SIZE)
    (id,) = stage.put(path, slow.url, "--then", "delete")
    again = stage.put(path, slow.url, "--then", "delete")

    assert again == [id]
    assert told(stage, id) == [("source_removed", "deleted")]
    assert sent(slow) == [digest]


def test_put_again_to_the_same_target_the_later_one_lets_go_of_it(stage, slow):
    path, digest = stage.file(SIZE)
    (first,) = stage.put(path, slow.url, "--then", "delete")
    (second,) = stage.put(path, slow.url, "--then", "delete", "--again")

    assert told(stage, first) == [("source_left", f"upload {number(stage, second)} may still need it")]
    assert told(stage, second) == [("source_removed", "deleted")]
    assert sent(slow) == [digest] * 2
