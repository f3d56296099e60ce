"""A part of a file as an upload: ``offset`` and ``length``."""

import hashlib
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.roads import reference
from tests.end_to_end.stage import MIB

pytestmark = pytest.mark.parity("F30")
SIZE = 16 * MIB


@pytest.fixture
def uploader(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        yield sendoff.BackgroundUploader(client)


@pytest.mark.parametrize(("offset", "length", "first", "last"), [(100, 300, 100, 400), (100, None, 100, 1000), (0, 7, 0, 7), (1000, None, 1000, 1000)])
def test_the_bytes_from_offset_on_arrive_and_length_is_announced(offset, length, first, last, stage, receiver, uploader):
    path, _ = stage.file(1000)
    uploader.method = "PUT"
    operation = uploader.create_upload(f"{receiver.url}part", path, offset=offset, length=length)
    operation.start()
    operation.wait(60)

    assert receiver.stored("part") == Path(path).read_bytes()[first:last]
    assert receiver.requests[0].header("content-length") == str(last - first)
    assert (operation.receipt.size, operation.progress.total_bytes) == (last - first, last - first)
    assert (stage.view(operation.id)["source"]["offset"], stage.view(operation.id)["source"]["size"]) == (offset, last - first)


def test_the_command_and_put_send_parts_too(stage, receiver, uploader):
    path, _ = stage.file(4096 * 3)
    stage.put(path, f"{receiver.url}a", "--offset", "4K", "--length", "4K", "--wait")
    uploader._client.put(path, f"{receiver.url}b", offset=8192).wait(60)

    content = Path(path).read_bytes()
    assert (receiver.stored("a"), receiver.stored("b")) == (content[4096:8192], content[8192:])


def test_two_parts_of_one_file_are_not_the_same_upload_and_one_part_twice_is(stage, tmp_path, uploader):
    path, _ = stage.file(SIZE)
    put = uploader._client.put
    with Receiver(tmp_path / "slow", rate=MIB) as slow:
        whole = put(path, f"{slow.url}x", start=True)
        parts = [put(path, f"{slow.url}x", offset=offset, length=4) for offset in (0, 4, 4)]
        for operation in (whole, *parts):
            operation.cancel()

    assert len({whole.id, *(operation.id for operation in parts)}) == 3 and parts[1].id == parts[2].id


def test_one_id_is_one_part(stage, receiver, uploader):
    path, _ = stage.file(1000)
    uploader.create_upload(f"{receiver.url}x", path, offset=0, length=10, id="mine")

    with pytest.raises(sendoff.IdConflict, match="offset"):
        uploader.create_upload(f"{receiver.url}x", path, offset=10, length=10, id="mine")


def test_only_new_knows_which_part_lies_there(stage, receiver):
    path, _ = stage.file(1000)
    part = ("--offset", "100", "--length", "100")
    stage.put(path, f"{receiver.url}x", *part, "--wait")

    assert stage.put(path, f"{receiver.url}x", *part, "--only-new") == []
    for other in ((), ("--offset", "100")):
        assert stage.put(path, f"{receiver.url}x", *other, "--only-new", "--wait") != []
    assert stage.put(path, f"{receiver.url}x", "--offset", "100", "--length", "900", "--only-new") == []


@pytest.mark.parametrize(("offset", "length"), [(1001, None), (900, 101), (-1, 5), (0, -5), (0, 1001)])
def test_what_the_file_has_not_is_refused(offset, length, stage, receiver, uploader):
    path, _ = stage.file(1000)

    with pytest.raises(sendoff.InvalidArgument, match=r"past its end|a number of bytes"):
        uploader.create_upload(f"{receiver.url}x", path, offset=offset, length=length)
    assert list(uploader._client.find(all=True)) == []


@pytest.mark.parametrize("source", [b"bytes", "form"])
def test_only_files_have_parts(source, stage, receiver, uploader):
    with pytest.raises(sendoff.InvalidArgument, match="offset"):
        if source == "form":
            uploader._client.post(receiver.url, [sendoff.ContentPart("a").set_text("b")], offset=1)
        else:
            uploader._client.put(source, f"{receiver.url}x", offset=1)
    assert list(uploader._client.find(all=True)) == []


def test_a_part_that_is_not_there_any_more_when_it_is_sent_fails(stage, receiver, uploader):
    path, _ = stage.file(1000)
    operation = uploader.create_upload(f"{receiver.url}x", path, offset=500, length=100)
    Path(path).write_bytes(b"short")
    operation.start()

    with pytest.raises(sendoff.UploadFailed) as caught:
        operation.wait(60)
    assert caught.value.code == "source_changed" or "changed" in caught.value.message


@pytest.mark.needs_server
def test_a_part_goes_on_in_its_middle_after_the_death_of_its_host(stage, tmp_path):
    path, _ = stage.file(SIZE + 3 * MIB)
    with reference(tmp_path / "kept", rate=32 * MIB) as road:
        (id,) = stage.put(path, *road.words, "--offset", "1M", "--length", f"{SIZE}")
        road.wait_for_bytes(4 * MIB)
        stage.kill_host()
        before = len(road.proxy.requests)
        stage.run("wait", id)
        later = [row.offset for row in road.proxy.requests[before:] if row.received]

        assert [digest for _, digest in road.uploads() if digest] == [hashlib.sha256(Path(path).read_bytes()[MIB : MIB + SIZE]).hexdigest()]
        assert later[0] > 0
