"""Copies that sendoff owns: adopted only by what is stored, removed when it has ended, and never left behind."""

import fcntl
import os
import resource
import signal
import subprocess

import pytest
from sendoff.errors import IdConflict, InvalidArgument, InvalidState, NoSpace, Rejected, SourceMissing
from sendoff.model.operation import Request
from sendoff.model.query import Created, Question
from sendoff.runtime.spool import Spool
from sendoff.testing.receiver import Receiver

from tests.core.owned import QUICK, Owned, eventually
from tests.end_to_end.machine import Machine

CONTENT = b"spooled " * 100


def incoming(owned, name="one", content=CONTENT):
    """A copy as a client writes it; the lock is the client's life."""
    path = owned.state / "spool" / "incoming" / name
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.write(handle, content)
    return handle


def request(name="one", **more):
    return Request(**{"spool": name, "destination": "plain://10.0.0.1/x", **more})


def copies(owned):
    return sorted(str(path.relative_to(owned.state / "spool")) for path in (owned.state / "spool").rglob("*") if path.is_file())


def create(owned, *requests, **more):
    return owned.create(*requests, **more)


def test_what_was_spooled_is_sent_and_its_copy_removed(owned):
    os.close(incoming(owned))
    (created,) = create(owned, request())
    owned.done(created.id)
    assert owned.server.things == {"plain://10.0.0.1/x": CONTENT}
    assert owned.view(created.id)["source"]["kind"] == "spool"
    eventually(lambda: copies(owned) == [])


def test_a_copy_is_the_same_whatever_it_was_called_before(owned):
    os.close(incoming(owned))
    (created,) = create(owned, request())
    owned.done(created.id)

    assert "changed" not in owned.types(created.id)


def test_it_is_the_operations_own_as_soon_as_it_has_an_id(owned):
    os.close(incoming(owned))
    (created,) = create(owned, request(), start=False)
    assert copies(owned) == ["one"]
    assert os.stat(owned.state / "spool" / "one").st_mode & 0o777 == 0o600
    (owned.state / "spool" / "orphan").write_bytes(b"")
    owned.reopen()
    eventually(lambda: copies(owned) == ["one"], "the orphan's end")
    owned.order("start", created.id)
    owned.done(created.id)


@pytest.mark.parametrize(
    "bad", [{"destination": "ftp://h/x"}, {"headers": (("A", "\r\n"),)}, {"group": "|"}, {"credential": "nobody"}, {"if_changed": "maybe"}]
)
def test_a_refused_request_leaves_the_copy_with_its_client(bad, owned):
    handle = incoming(owned)
    (answer,) = create(owned, request(**bad))
    assert not isinstance(answer, Created)
    assert copies(owned) == ["incoming/one"]
    os.close(handle)


def test_a_dry_run_leaves_the_copy_with_its_client(owned):
    os.close(incoming(owned))
    create(owned, request(), dry_run=True)
    assert copies(owned) == ["incoming/one"]


def test_the_copy_of_a_request_whose_id_is_taken_is_removed(owned):
    os.close(incoming(owned))
    os.close(incoming(owned, "two"))
    os.close(incoming(owned, "three", b"other"))
    first, same, other = (create(owned, request(name, id="mine"), start=False)[0] for name in ("one", "two", "three"))
    assert (first.existing, same.existing, type(other)) == (False, True, IdConflict)
    assert copies(owned) == ["one"]


def test_the_copy_stays_when_its_own_request_is_repeated(owned):
    os.close(incoming(owned))
    first, again = (create(owned, request(id="mine"), start=False)[0] for _ in range(2))
    assert (first.existing, again.existing, copies(owned)) == (False, True, ["one"])


def test_the_copy_of_a_canceled_upload_is_removed_and_it_cannot_be_retried(owned):
    os.close(incoming(owned))
    (created,) = create(owned, request(), start=False)
    owned.order("cancel", created.id)
    eventually(lambda: copies(owned) == [])
    with pytest.raises(InvalidState, match="the copy that was to be sent was erased"):
        owned.order("retry", created.id)


def test_the_copy_of_a_failed_upload_stays_until_it_is_acknowledged(owned):
    owned.server.point = lambda name, _operation: (_ for _ in ()).throw(Rejected("no"))
    os.close(incoming(owned))
    (created,) = create(owned, request())
    owned.until(created.id, "error")
    assert copies(owned) == ["one"]
    owned.server.point = lambda *_: None
    owned.order("retry", created.id)
    owned.done(created.id)
    eventually(lambda: copies(owned) == [])


def test_one_that_is_acknowledged_cannot_be_retried_without_its_copy(owned):
    owned.server.point = lambda name, _operation: (_ for _ in ()).throw(Rejected("no"))
    os.close(incoming(owned))
    (created,) = create(owned, request())
    owned.until(created.id, "error")
    owned.order("acknowledge", created.id)
    eventually(lambda: copies(owned) == [])
    with pytest.raises(InvalidState, match="the copy"):
        owned.order("retry", created.id)


def test_what_a_dead_client_left_goes_and_what_a_living_one_writes_stays(owned):
    os.close(incoming(owned, "dead"))
    handle = incoming(owned, "living")
    owned.reopen()
    assert copies(owned) == ["incoming/living"]
    os.close(handle)


def test_it_goes_without_a_new_host_too_when_somebody_asks_or_when_its_time_has_come(owned):
    handle = incoming(owned, "living")
    os.close(incoming(owned, "dead"))
    assert owned.owner.ask(Question(what="gc"))["copies"] == 1
    assert copies(owned) == ["incoming/living"]

    os.close(incoming(owned, "dead"))
    owned.owner._keeper._trimmed = float("-inf")
    eventually(lambda: copies(owned) == ["incoming/living"], "the end of what the dead client left")
    os.close(handle)


def test_a_host_starts_although_a_client_removes_its_file_that_moment(owned):
    (owned.state / "spool" / "incoming" / "gone").symlink_to("/nowhere/at/all")  # listed, and not there when it is opened
    owned.reopen()
    assert owned.records() == []


def test_whoever_cannot_be_looked_at_counts_as_there(tmp_path):
    spool = Spool(tmp_path, 100)
    spool.open()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        held = spool.holds("somebody")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert held and not spool.holds("somebody")


def test_a_copy_that_nobody_owns_is_swept(owned):
    (owned.state / "spool" / "orphan").write_bytes(b"adopted, and then the host died")
    eventually(lambda: copies(owned) == [])


def test_a_spool_that_is_full_refuses_in_one_sentence_and_stores_nothing(tmp_path):
    with Owned(tmp_path, config=QUICK + '[limits]\nspool = "1K"\n') as owned:
        handle = incoming(owned, content=b"x" * 2000)
        (answer,) = create(owned, request())
        assert isinstance(answer, NoSpace) and "1.0 KiB" in answer.message and "[limits] spool" in answer.hint
        assert (owned.records(), copies(owned)) == ([], ["incoming/one"])
        os.close(handle)


@pytest.mark.parametrize("name", ["../../journal.db", "/etc/passwd", ".hidden", "", "a/b", "\0", "missing"])
def test_only_a_file_of_the_spool_can_be_named(name, owned):
    (answer,) = create(owned, request(name))
    assert isinstance(answer, InvalidArgument | SourceMissing)
    assert owned.records() == []


# -- standard input, over real processes ------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path / "machine")
    yield made
    made.run("host", "stop")


def test_standard_input_whose_id_was_printed_arrives_even_if_the_host_is_killed_that_moment(machine, tmp_path):
    content = os.urandom(2_000_000)
    machine.run("host", "start")
    host = machine.host()
    with Receiver(tmp_path / "received") as receiver:
        with open(machine.file(content=content)) as stream, machine.begin("put", "-", f"{receiver.url}stream", stdin=stream) as putting:
            id = putting.stdout.readline().strip()
            os.kill(host, signal.SIGKILL)
            assert putting.wait(20) == 0
        machine.run("wait", id)
        assert receiver.stored("stream") == content
    spool = machine.state / "spool"
    eventually(lambda: [path for path in spool.rglob("*") if path.is_file()] == [])
    assert len(machine.objects("list", "--all")) == 1


def test_standard_input_of_a_client_that_was_killed_leaves_nothing(machine):
    machine.run("host", "start")
    with machine.begin("put", "-", "http://127.0.0.1:9/x", stdin=subprocess.PIPE) as putting:
        putting.stdin.write("x" * 1_000_000)
        incoming = machine.state / "spool" / "incoming"
        eventually(lambda: incoming.exists() and any(path.stat().st_size for path in incoming.iterdir()))
        putting.kill()
    assert machine.objects("list", "--all") == []
    machine.run("host", "stop")
    machine.run("host", "start")
    assert list(incoming.iterdir()) == []
