"""``--copy``: what a file holds is taken over before the id is given; what becomes of the file later is no matter."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import sendoff
from sendoff.desk.copying import copied
from sendoff.desk.place import find_place
from sendoff.errors import NoSpace
from sendoff.model.operation import Request
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, Stage

SIZE = 200_000


@pytest.fixture
def slow(tmp_path):
    with Receiver(tmp_path / "slow", rate=200_000) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


def copies(stage):
    return [path for path in (stage.state / "spool").rglob("*") if path.is_file()]


def test_what_a_file_held_arrives_although_it_is_deleted_at_once(stage, slow):
    path, digest = stage.file(SIZE)
    (id,) = stage.put(path, slow.url, "--copy")
    os.unlink(path)
    source = stage.view(id)["source"]
    stage.run("wait", id)

    assert [(request.path, request.sha256) for request in slow.requests] == [("/source.bin", digest)]
    assert (source["kind"], source["origin"], source["size"]) == ("spool", path, SIZE)
    assert copies(stage) == [] and not [event for event in stage.history(id) if event.type == "changed"]


def test_it_survives_the_death_of_its_host(stage, slow):
    path, digest = stage.file(SIZE)
    (id,) = stage.put(path, slow.url, "--copy")
    Path(path).write_bytes(b"other")
    stage.kill_host()
    stage.run("wait", id)

    assert {request.sha256 for request in slow.requests if request.complete} == {digest}


def test_a_program_says_it_by_put_by_put_many_and_by_the_uploader(stage, slow, client):
    path, digest = stage.file(SIZE)
    uploader = sendoff.BackgroundUploader(client)
    uploader.copy = True
    one = client.put(path, f"{slow.url}one", copy=True)
    batch = client.put_many([(path, f"{slow.url}two"), (path, f"{slow.url}three")], copy=True)
    posted = uploader.create_upload(f"{slow.url}four", path)
    Path(path).write_bytes(b"other")
    posted.start()
    for operation in (one, *batch, posted):
        operation.wait(60)

    assert sorted((request.path, request.sha256) for request in slow.requests) == [(f"/{name}", digest) for name in ("four", "one", "three", "two")]
    assert one.source_file == Path(path)


def test_the_files_of_a_form_are_taken_over_too(stage, slow, client):
    path, _ = stage.file(SIZE)
    content = Path(path).read_bytes()
    operation = client.post(slow.url, [sendoff.ContentPart("f").set_file(path)], copy=True)
    (id,) = stage.run("post", "--copy", path, slow.url).stdout.split()
    os.unlink(path)
    operation.wait(60)
    stage.run("wait", id)

    assert [content in slow.stored(request.path) for request in slow.requests] == [True, True]


def test_an_unchanged_file_that_was_copied_is_left_out_by_only_new(stage, receiver):
    path, _ = stage.file(SIZE)
    stage.put(path, receiver.url, "--copy", "--wait")

    assert stage.put(path, receiver.url, "--only-new") == [] and len(receiver.requests) == 1


def test_what_the_spool_cannot_take_is_refused_before_it_is_copied(stage, receiver):
    stage.config.write_text('[limits]\nspool = "250K"\n')
    one, two = stage.file(SIZE, "one")[0], stage.file(SIZE, "two")[0]

    answer = stage.run("put", one, two, receiver.url, "--copy", fine=(2, 6))

    assert "copies of 390.6 KiB do not fit" in answer.stderr and "[limits] spool" in answer.stderr
    assert (answer.stdout, stage.listed(), copies(stage)) == ("", [], [])
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client, pytest.raises(NoSpace):
        client.post(receiver.url, [sendoff.ContentPart("a").set_file(one), sendoff.ContentPart("b").set_file(two)], copy=True)
    assert (stage.listed(), copies(stage)) == ([], [])


def test_one_bad_file_of_several_and_none_is_copied(stage, receiver):
    path, _ = stage.file(SIZE)

    answer = stage.run("put", path, "missing.bin", receiver.url, "--copy", fine=(2,))

    assert "missing.bin" in answer.stderr
    assert (stage.listed(), copies(stage)) == ([], [])


@pytest.fixture
def sharing(tmp_path):
    """A place on a file system whose files can share what they hold."""
    image, place = tmp_path / "image", tmp_path / "place"
    place.mkdir()
    with image.open("wb") as made:
        made.truncate(512 * MIB)
    make, mount, umount = shutil.which("mkfs.xfs"), shutil.which("mount"), shutil.which("umount")
    if not make or subprocess.run([make, "-q", image], capture_output=True).returncode:
        pytest.skip("no file system that shares can be made here; apt-get install xfsprogs")
    if not (mount and umount) or subprocess.run([mount, "-o", "loop", image, place], capture_output=True).returncode:
        pytest.skip("images cannot be mounted here; run as root")
    try:
        with Stage(place) as stage:
            yield stage
    finally:
        subprocess.run([umount, "-l", place], check=True)


def free(folder):
    os.sync()
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_where_the_file_system_can_a_copy_takes_no_room_and_no_time(sharing, slow):
    path, _ = sharing.file(128 * MIB)
    before = free(sharing.folder)
    (id,) = sharing.put(path, slow.url, "--copy")

    assert [copy.stat().st_size for copy in copies(sharing)] == [128 * MIB]
    assert before - free(sharing.folder) < 16 * MIB
    sharing.run("cancel", id)


def test_a_file_is_closed_as_soon_as_it_was_copied(stage):
    path, _ = stage.file(1000)
    place = find_place({}, state_dir=stage.state)
    place.prepare()

    with copied(place, Request(source=path, destination="http://127.0.0.1/")):
        opened = [os.readlink(f"/proc/self/fd/{one}") for one in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{one}")]

    assert path not in opened
