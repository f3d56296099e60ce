"""A process dies, or is told to stop, at the worst moments; what comes of it is on the record."""

import json
import os
import select
import signal
import sys
import time

import pytest
from sendoff.desk.lock import Lock
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, Stage

pytestmark = [pytest.mark.timeout(90), pytest.mark.promise]
SIZE = 8 * MIB
RATE = 16 * MIB
# The journal's store, which dies by its own hand right before or after a named commit, once.
DEADLY = """
import os, signal
from pathlib import Path
from sendoff import Append, Insert, Update
from sendoff.drivers import Drivers

WISH = Path(os.environ["SENDOFF_STATE_DIR"]).parent / "wish"

class Deadly(Drivers().load("stores", "STORE")):
    def commit(self, units, *, synced):
        changes = [change for unit in units for change in unit]
        named = {change.event.type for change in changes if isinstance(change, Append)}
        named |= {"stored" for change in changes if isinstance(change, Insert)}
        named |= {str(change.fields["want"]) for change in changes if isinstance(change, Update) and change.fields.get("want")}
        self.die("before", named)
        replies = super().commit(units, synced=synced)
        self.die("after", named)
        return replies

    def die(self, when, named):
        wish = WISH.read_text() if WISH.exists() else ""
        if wish in {f"{when} {name}" for name in named}:
            WISH.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
"""
# A transport on whose first byte the whole process ends.
POISON = """
import os
from pathlib import PurePosixPath
from sendoff import Target, Transport

class Poison(Transport):
    schemes = ("poison",)
    Settings = dict

    def target(self, name):
        return Target(self.destination.url if self.destination.exact else f"{self.destination.url}{name}")

    def send(self, shipment):
        os._exit(3)
"""
# A program that passes on the notice it is given, and once kills who gave it.
TELL = """
import os, pathlib, signal, sys
folder = pathlib.Path(sys.argv[1])
(folder / "told").write_text(sys.stdin.read())
if (folder / "shoot").exists():
    (folder / "shoot").unlink()
    os.kill(os.getppid(), signal.SIGKILL)
"""


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.1s", "0.5s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=RATE) as made:
        yield made


@pytest.fixture
def deadly(stage):
    """Lets the host die at a commit: ``before`` or ``after``, and its name."""
    store = "sqlite" if stage.store is None else stage.store.driver
    stage.install("deadly", "sendoff.stores", "deadly = deadly:Deadly", DEADLY.replace("STORE", store))
    stage.keep_journal_with("deadly")
    return (stage.folder / "wish").write_text


def wished(stage):
    """Whether the death that was wished for has happened."""
    return not (stage.folder / "wish").exists()


@pytest.mark.fault(1)
def test_killed_before_it_is_stored_there_is_no_id_no_trace_and_no_request(stage, receiver, deadly):
    source, _ = stage.file(1000)
    deadly("before stored")

    putting = stage.run("put", source, receiver.url, fine=(5,))

    assert putting.stdout == ""
    assert putting.stderr.startswith("sendoff: ") and "Traceback" not in putting.stderr
    assert wished(stage)
    assert (stage.listed(), receiver.requests) == ([], ())


@pytest.mark.fault(2)
def test_killed_after_it_is_stored_the_same_id_finds_it_again(stage, receiver, deadly):
    source, digest = stage.file(1000)
    deadly("after stored")

    putting = stage.run("put", source, receiver.url, "--id", "mine", fine=(5,))
    again = stage.run("put", "--wait", source, receiver.url, "--id", "mine")

    assert (putting.stdout, again.stdout) == ("", "mine\n")
    assert wished(stage)
    assert [view["id"] for view in stage.listed()] == ["mine"]
    assert [request.sha256 for request in receiver.requests] == [digest]
    assert stage.ends("mine") == ["completed"]


@pytest.mark.fault(6)
def test_killed_when_the_server_has_it_and_the_journal_does_not_know_it_counts_once(stage, receiver, deadly):
    source, digest = stage.file(1000)
    deadly("before completed")
    (id,) = stage.put(source, receiver.url)
    receiver.wait_for(over=True)

    stage.run("wait", id)

    assert wished(stage)
    assert [request.sha256 for request in receiver.requests] == [digest] * 2
    assert stage.ends(id) == ["completed"]


@pytest.fixture
def told(stage):
    """Waits for the next notice that a command sink is told; None = there is none left when the host has gone."""
    (stage.folder / "tell.py").write_text(TELL)
    argv = json.dumps([sys.executable, str(stage.folder / "tell.py"), str(stage.folder)])
    stage.config.write_text(stage.config.read_text() + f'[[sinks]]\nuse = "command"\nargv = {argv}\non = ["completed"]\n')
    os.mkfifo(stage.folder / "told")
    with open(os.open(stage.folder / "told", os.O_RDWR)) as pipe:

        def told(seconds=20):
            return json.loads(pipe.readline()) if select.select([pipe], [], [], seconds)[0] else None

        yield told


@pytest.mark.fault(7)
def test_killed_when_the_end_is_recorded_and_nobody_told_the_notice_comes_after_the_restart(stage, receiver, told, deadly):
    source, _ = stage.file(1000)
    deadly("after completed")
    (id,) = stage.put(source, receiver.url)
    stage.run("wait", id)
    assert wished(stage)

    notice = told()

    assert (notice["id"], notice["type"]) == (stage.id_of_end(id), "completed")
    stage.run("host", "stop")
    assert told(0) is None


@pytest.mark.fault(7)
def test_killed_when_a_notice_was_taken_and_that_is_not_recorded_the_same_notice_comes_again(stage, receiver, told):
    source, _ = stage.file(1000)
    (stage.folder / "shoot").touch()
    (id,) = stage.put(source, receiver.url)

    first = told()
    assert Lock(stage.place.lock).wait_free(10)
    stage.run("list")
    second = told()

    assert first["id"] == second["id"] == stage.id_of_end(id)
    stage.run("host", "stop")
    assert told(0) is None


@pytest.mark.fault(8)
def test_killed_in_the_middle_of_a_cancellation_the_next_host_finishes_it(stage, receiver, deadly):
    source, _ = stage.file(16 * SIZE)  # the order comes in time on a slow machine, too
    (id,) = stage.put(source, receiver.url)
    receiver.wait_for(bytes=MIB)
    deadly("after cancel")

    stage.run("cancel", id, fine=(5,))
    stage.run("wait", id, fine=(1,))

    assert wished(stage)
    assert (stage.view(id)["status"], stage.ends(id)) == ("canceled", ["canceled"])
    assert [request.complete for request in receiver.requests] == [False]


@pytest.mark.fault(9)
def test_told_to_stop_the_host_ends_within_ten_seconds_and_the_next_one_goes_on(stage, receiver):
    host = stage.own_host()
    sources = [stage.file(SIZE, f"{n}.bin") for n in range(6)]
    ids = stage.put(*[source for source, _ in sources], receiver.url)
    receiver.wait_until(lambda rows: len(rows) == 4 and all(row.received > 0 for row in rows))

    began = time.monotonic()
    host.send_signal(signal.SIGTERM)
    assert host.wait(15) == 0
    passed = time.monotonic() - began

    assert passed < 10
    assert "Traceback" not in stage.log()
    views = [stage.view(id) for id in ids]
    assert {view["status"] for view in views} <= {"idle", "running"}
    assert all(view["error"] is None for view in views)
    stage.run("wait", *ids)
    whole = [request.sha256 for request in receiver.requests if request.complete]
    assert sorted(whole) == sorted(digest for _, digest in sources)
    assert [stage.ends(id) for id in ids] == [["completed"]] * 6


@pytest.mark.fault(22)
def test_an_upload_that_kills_its_process_each_time_is_set_aside_and_the_others_go_on(stage, receiver):
    stage.install("poison", "sendoff.transports", "poison = poison:Poison", POISON)
    source, digest = stage.file(SIZE)
    (other,) = stage.put(source, receiver.url)
    poison, deaths = "poison", 0
    while stage.run("put", "--id", poison, source, "poison://127.0.0.1/one", fine=(0, 5)).returncode == 5:  # it may kill its host before that has answered
        deaths += 1
        assert deaths < 30, stage.log()

    while stage.run("wait", poison, other, fine=(1, 5)).returncode == 5:
        deaths += 1
        assert deaths < 30, stage.log()

    view = stage.view(poison)
    assert (view["status"], stage.ends(poison)) == ("error", ["failed"])
    assert "the process died 10 times in a row" in view["error"]["message"]
    assert stage.ends(other) == ["completed"]
    assert receiver.requests[-1].sha256 == digest
