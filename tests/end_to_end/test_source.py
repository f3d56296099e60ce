"""What happens to a source between the moment it is queued and its upload's end, as commands and programs see it."""

import errno
import os
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Receiver, Rule, Stall

from tests.end_to_end.machine import AS_ANYBODY, Machine
from tests.end_to_end.roads import reference
from tests.end_to_end.stage import MIB

SIZE = 16 * MIB


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


@pytest.fixture
def road(tmp_path):
    with reference(tmp_path / "kept", rate=32 * MIB) as opened:
        yield opened


def twin(path, content):
    """Another file of the same size and time."""
    found, other = os.stat(path), Path(f"{path}.other")
    other.write_bytes(content)
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    return other


# -- a link that is turned to another file ------------------------------------------------------------------------------


@pytest.mark.fault(32)
@pytest.mark.parametrize("linked", ["the file", "its folder"])
def test_the_file_that_a_link_meant_when_it_was_queued_is_sent(linked, stage, receiver, client):
    for name in ("old", "new"):
        (stage.folder / name).mkdir()
    old, _ = stage.file(1000, "old/a.bin")
    new = twin(old, b"!" * 1000).rename(stage.folder / "new" / "a.bin")
    link = stage.folder / "link"
    link.symlink_to(old if linked == "the file" else Path(old).parent)
    operation = client.put(link if linked == "the file" else link / "a.bin", f"{receiver.url}x", start=False)

    link.unlink()
    link.symlink_to(new if linked == "the file" else new.parent)
    operation.start()
    operation.wait(60)

    assert receiver.stored("x") == Path(old).read_bytes() != new.read_bytes()
    assert (operation.source_file, [event.type for event in operation.events()]) == (Path(old), ["created", "started", "completed", "acknowledged"])


@pytest.mark.fault(32)
def test_a_link_lands_under_its_own_name(stage, receiver):
    path, digest = stage.file(1000)
    (stage.folder / "today").symlink_to(path)
    stage.put("today", receiver.url, "--wait")

    assert [(request.path, request.sha256) for request in receiver.requests] == [("/today", digest)]


# -- deleted, not readable, not to be read ------------------------------------------------------------------------------


@pytest.mark.fault(26)
def test_a_file_that_is_deleted_while_it_is_sent_arrives_and_the_history_says_so(stage, tmp_path):
    path, digest = stage.file(4 * MIB)
    with Receiver(tmp_path / "received", rate=2 * MIB) as receiver:
        (id,) = stage.put(path, receiver.url)
        receiver.wait_for(bytes=MIB)
        os.unlink(path)
        stage.run("wait", id)

        assert [request.sha256 for request in receiver.requests] == [digest]
    changed = [event.data for event in stage.history(id) if event.type == "changed"]
    assert changed == [{"source": "gone", "checked": "what was open was sent to its end"}]


@pytest.mark.fault(31)
@pytest.mark.needs_server
def test_a_file_that_cannot_be_read_any_more_fails_and_a_retry_goes_on_at_the_confirmed_byte(tmp_path):
    machine = Machine(tmp_path / "machine", AS_ANYBODY)
    path = Path(machine.file(content=os.urandom(SIZE)))
    with reference(tmp_path / "kept", rate=2 * MIB) as road:
        try:
            (id,) = machine.put(str(path), *road.words)
            road.wait_for_bytes(MIB)
            machine.run("pause", id)
            machine.until(id, "paused_by_application")
            path.chmod(0)
            machine.run("resume", id)
            error = machine.until(id, "error")["error"]
            path.chmod(0o600)
            before = len(road.proxy.requests)
            machine.run("retry", id)
            machine.run("wait", id)
        finally:
            machine.run("host", "stop")

        assert (error["code"], error["side"]) == ("source_unreadable", "source")
        assert next(row.offset for row in road.proxy.requests[before:] if row.received) > 0
        assert len(road.uploads()) == 1


# -- empty -----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(36)
@pytest.mark.parametrize("more", [(), ("--copy",), ("--then", "delete")], ids=["plain", "copied", "deleted"])
def test_an_empty_file_is_an_upload_like_any_other(more, stage, receiver):
    path, digest = stage.file(0)
    (id,) = stage.put(path, receiver.url, *more, "--wait")

    assert [(request.header("content-length"), request.sha256) for request in receiver.requests if request.method == "PUT"] == [("0", digest)]
    assert stage.view(id)["receipt"]["size"] == 0


BAD_DISK = """
import errno, os

preadv = os.preadv

def failing(handle, buffers, offset, *more):
    if offset >= {offset} and os.path.exists({flag!r}) and os.readlink(f"/proc/self/fd/{{handle}}") == {path!r}:
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    return preadv(handle, buffers, offset, *more)

os.preadv = failing
"""


@pytest.mark.fault(37)
@pytest.mark.needs_server
def test_a_read_error_counts_against_the_source_and_the_session_is_kept(stage, road):
    path, digest = stage.file(SIZE)
    flag = stage.folder / "broken"
    flag.touch()
    stage.install("disk", "sendoff.hooks", "disk = disk", BAD_DISK.format(offset=8 * MIB, flag=str(flag), path=path))
    (id,) = stage.put(path, *road.words, "--patience", "0")
    stage.run("wait", id, fine=(1,))
    error, reasons = stage.view(id)["error"], {event.data.get("reason") for event in stage.history(id)}
    flag.unlink()
    before = len(road.proxy.requests)
    stage.run("retry", id)
    stage.run("wait", id)

    assert (error["side"], error["web_error_status"], os.strerror(errno.EIO) in error["message"]) == ("source", 0, True)
    assert "unreachable" not in reasons
    assert [found for _, found in road.uploads()] == [digest]
    assert next(row.offset for row in road.proxy.requests[before:] if row.received) > 0


@pytest.mark.parity("F178")
def test_a_file_that_may_no_longer_be_read_is_an_error_at_once_and_goes_on_when_it_may(tmp_path):
    machine = Machine(tmp_path / "machine", AS_ANYBODY)
    machine.config.write_text("[limits]\nconcurrency = 1\n")
    with Receiver(tmp_path / "received", script=[Rule(do=Stall(), path="/first", at=10)]) as receiver:
        (first,) = machine.put(machine.file("first"), f"{receiver.url}first")
        receiver.wait_for(bytes=10)
        (second,) = machine.put(path := machine.file("second"), f"{receiver.url}second")
        os.chmod(path, 0)
        machine.run("cancel", first)
        machine.run("wait", second, fine=(1,))
        error = machine.show(second)["error"]
        os.chmod(path, 0o644)
        machine.run("retry", second)
        machine.run("wait", second)
        machine.run("host", "stop")

    assert (error["code"], error["side"], error["hint"]) == ("source_unreadable", "source", "make it readable")
    assert error["message"] == f"{path} cannot be read: permission denied"
    assert [request.path for request in receiver.requests if request.complete] == ["/second"]
