"""What becomes of a file once its upload was seen to be there: ``--then`` deletes or moves it, once, and never what is not what was sent."""

import os
from pathlib import Path

import pytest
import sendoff
from sendoff.model.query import Question
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import eventually

SIZE = 100_000
TOLD = ("source_removed", "source_left")


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


def told(stage, id):
    """What the history says of the file, as soon as it says anything."""
    eventually(lambda: [event for event in stage.history(id) if event.type in TOLD], "a word about the file")
    return [(event.type, event.data) for event in stage.history(id) if event.type in TOLD]


def removed(path, **more):
    return [("source_removed", {"path": str(path), **more})]


def left(stage, id):
    """Why the file was left."""
    ((type_, data),) = told(stage, id)
    assert type_ == "source_left"
    return data["why"]


# -- deleted, moved ---------------------------------------------------------------------------------------------------


def test_a_file_is_deleted_once_its_size_was_seen_at_the_server(stage, receiver):
    path, digest = stage.file(SIZE)
    (id,) = stage.put(path, receiver.url, "--then", "delete", "--wait")

    assert told(stage, id) == removed(path, what="deleted")
    assert not Path(path).exists() and receiver.requests[0].sha256 == digest
    assert (stage.view(id)["receipt"]["verified"], stage.view(id)["then"]) == ("size", "delete")


def test_a_file_is_moved_into_a_folder_that_was_named_from_where_the_command_stood(stage, receiver):
    path, _ = stage.file(SIZE)
    (stage.folder / "done").mkdir()
    (id,) = stage.put(path, receiver.url, "--then", "move:done", "--wait")

    place = stage.folder / "done" / "source.bin"
    assert told(stage, id) == removed(path, what="moved", to=str(place))
    assert not Path(path).exists() and place.stat().st_size == SIZE
    assert stage.desk.ask(Question(what="todos")) == []


def test_a_program_says_it_by_put_and_by_the_uploader(stage, receiver, client):
    one, two = stage.file(10, "one")[0], stage.file(10, "two")[0]
    uploader = sendoff.BackgroundUploader(client)
    uploader.method, uploader.then = "PUT", "delete"

    operations = [client.put(one, receiver.url, then="delete"), uploader.create_upload(f"{receiver.url}two", two)]
    operations[1].start()
    for operation in operations:
        operation.wait(60)

    assert [told(stage, operation.id) for operation in operations] == [removed(one, what="deleted"), removed(two, what="deleted")]


def test_a_command_that_does_the_work_itself_ends_when_it_was_done(stage, receiver):
    path, _ = stage.file(SIZE)
    (id,) = stage.put(path, receiver.url, "--then", "delete", "--here")

    assert not Path(path).exists() and not stage.runs()
    assert told(stage, id) == removed(path, what="deleted")


def test_of_a_tree_each_file_is_let_go_by_itself(stage, tmp_path):
    tree = stage.folder / "tree"
    (tree / "deep").mkdir(parents=True)
    for name in ("a", "b", "deep/c"):
        (tree / name).write_bytes(b"x")
    with Receiver(tmp_path / "received", script=[Rule(do=Answer(403), path="/tree/b", times=None)]) as receiver:
        stage.run("put", "-r", tree, receiver.url, "--then", "delete", "--wait", fine=(1,))

    eventually(lambda: stage.desk.ask(Question(what="todos")) == [], "the end of what was to be done")
    assert [str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()] == ["b"]


def test_an_upload_that_fails_leaves_its_file(stage, tmp_path):
    path, _ = stage.file(SIZE)
    with Receiver(tmp_path / "received", script=[Rule(do=Answer(403), times=None)]) as receiver:
        (id,) = stage.put(path, receiver.url, "--then", "delete")
        stage.run("wait", id, fine=(1,))

    assert Path(path).stat().st_size == SIZE
    assert not [event for event in stage.history(id) if event.type in TOLD]


# -- left as it is, and said why ----------------------------------------------------------------------------------------


def test_what_was_changed_after_it_was_taken_over_is_left(stage, tmp_path):
    path, digest = stage.file(SIZE)
    with Receiver(tmp_path / "received", rate=50_000) as receiver:
        (id,) = stage.put(path, receiver.url, "--copy", "--then", "delete")
        Path(path).write_bytes(b"something new")
        stage.run("wait", id)

    assert left(stage, id) == "it is another file now, or was changed after it was sent"
    assert Path(path).read_bytes() == b"something new" and receiver.requests[0].sha256 == digest


def test_a_copied_file_that_did_not_change_is_deleted(stage, receiver):
    path, _ = stage.file(SIZE)
    (id,) = stage.put(path, receiver.url, "--copy", "--then", "delete", "--wait")

    assert told(stage, id) == removed(path, what="deleted")


def test_what_is_gone_already_is_not_claimed_to_have_been_deleted(stage, tmp_path):
    path, _ = stage.file(SIZE)
    with Receiver(tmp_path / "received", rate=50_000) as receiver:
        (id,) = stage.put(path, receiver.url, "--copy", "--then", "delete")
        os.unlink(path)
        stage.run("wait", id)

    assert left(stage, id) == "it was gone already"


def test_a_name_that_is_taken_meanwhile_is_never_written_over(stage, tmp_path):
    path, _ = stage.file(SIZE)
    (stage.folder / "done").mkdir()
    with Receiver(tmp_path / "received", rate=50_000) as receiver:
        (id,) = stage.put(path, receiver.url, "--then", "move:done")
        (stage.folder / "done" / "source.bin").write_bytes(b"another")
        stage.run("wait", id)

    assert left(stage, id) == f"there is another source.bin in {stage.folder / 'done'}"
    assert (stage.folder / "done" / "source.bin").read_bytes() == b"another" and Path(path).stat().st_size == SIZE


def test_what_was_not_sent_because_something_was_there_is_left(stage, receiver):
    path, _ = stage.file(SIZE)
    stage.put(path, receiver.url, "--wait")
    (id,) = stage.put(path, receiver.url, "--existing", "skip", "--then", "delete", "--wait")

    assert left(stage, id) == "something was there already, and nothing was sent"
    assert Path(path).exists()


# -- killed in the middle of it -------------------------------------------------------------------------------------------

KILLER = """
import os, signal
from sendoff.runtime import removal

def once():
    try:
        os.rename({flag!r}, {flag!r} + ".done")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

unlink, begin = os.unlink, removal.Removal._begin

def unlinked(path, *words, **more):
    mine = str(path) == {path!r}
    if mine and {when!r} == "before":
        once()
    unlink(path, *words, **more)
    if mine and {when!r} == "after":
        once()

def begun(self, todo):
    if {when!r} == "first":
        once()
    return begin(self, todo)

os.unlink, removal.Removal._begin = unlinked, begun
"""


@pytest.mark.parametrize("when", ["first", "before", "after"])
@pytest.mark.parametrize("then", ["delete", "move:done"])
def test_a_host_that_is_killed_over_it_does_it_once_and_tells_it_once(stage, receiver, then, when):
    path, _ = stage.file(SIZE)
    flag, place = stage.folder / "flag", stage.folder / "done" / "source.bin"
    place.parent.mkdir()
    flag.touch()
    stage.install("killer", "sendoff.hooks", "killer = killer", KILLER.format(flag=str(flag), path=path, when=when))

    (id,) = stage.put(path, receiver.url, "--then", then)
    eventually(lambda: not flag.exists(), "the death of the host")
    assert eventually(lambda: not stage.runs(), "the end of the host")

    expected = removed(path, what="deleted") if then == "delete" else removed(path, what="moved", to=str(place))
    assert told(stage, id) == expected
    assert not os.path.lexists(path)
    assert place.exists() == (then != "delete")
    assert [request.method for request in receiver.requests if request.method == "PUT"] == ["PUT"]
    assert [event.type for event in stage.history(id)][-1] == "source_removed"
