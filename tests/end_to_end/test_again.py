"""The same again, with real processes: what is queued already, what has a receipt, and batches called by number."""

import itertools
import json

import pytest
from sendoff.desk.contract import SLICE
from sendoff.errors import HostUnavailable
from sendoff.model.operation import Request
from sendoff.model.query import Query, Question
from sendoff.testing.receiver import Receiver

from tests.end_to_end.machine import Machine
from tests.end_to_end.stage import Stage

pytestmark = pytest.mark.promise


@pytest.fixture
def machine(tmp_path):
    made = Machine(tmp_path)
    made.config.write_text("[limits]\nconcurrency = 1\n")
    yield made
    made.run("host", "stop")


@pytest.fixture
def blocker(machine, tmp_path):
    """An upload that holds the only slot until it is canceled."""
    with Receiver(tmp_path / "slow", rate=16 * 1024) as slow:
        (id,) = machine.put(machine.file("blocker", b"b" * 8 * 2**20), slow.url)
        machine.until(id, "running")
        yield id
        machine.tried("cancel", id)


def test_a_second_put_of_the_same_file_is_the_same_operation_until_it_has_landed(machine, receiver, blocker):
    path = machine.file()
    first, again, other = (machine.objects("put", path, f"{receiver.url}a", *more)[0] for more in ((), (), ("--again",)))
    assert (first["existing"], again["existing"], other["existing"]) == (False, True, False)
    assert (again["id"], again["number"]) == (first["id"], first["number"]) and other["id"] != first["id"]
    shown = machine.show(other["id"])
    assert shown["reason"] == "earlier_upload" and first["id"] in shown["reason_text"]
    machine.run("cancel", blocker)
    machine.run("wait", first["id"], other["id"])
    assert len(receiver.requests) == 2
    assert machine.objects("put", path, f"{receiver.url}a", "--wait")[0]["existing"] is False


def test_a_file_that_was_written_anew_takes_the_place_of_what_waits(machine, receiver, blocker):
    (old,) = machine.put(machine.file(content=b"old"), f"{receiver.url}a")
    (new,) = machine.put(machine.file(content=b"new!"), f"{receiver.url}a")
    shown = machine.show(old)
    assert (shown["status"], shown["reason"]) == ("canceled", "replaced") and new in shown["reason_text"]
    machine.run("cancel", blocker)
    assert machine.run("wait", new).returncode == 0
    assert receiver.stored("a") == b"new!" and len(receiver.requests) == 1
    assert machine.run("wait", old, fine=(1,)).returncode == 1
    assert [json.loads(line)["data"]["by"] for line in machine.run("events", old, "--json").stdout.splitlines() if '"canceled"' in line] == [new]


def test_what_has_a_receipt_is_left_out_after_hosts_have_come_and_gone(machine, receiver):
    for name in ("a", "b", "deep/c"):
        machine.file(f"tree/{name}", name.encode())
    words = ("put", "-r", f"{machine.folder}/tree/", receiver.url, "--only-new")
    assert len(machine.run(*words, "--wait").stdout.split()) == 3
    machine.run("host", "stop")
    assert {one["skipped"] for one in machine.objects(*words)} == {"unchanged"}
    machine.file("tree/b", b"other")
    assert machine.run(*words, "--wait").stdout.split() == [machine.stored()[-1]["id"]]
    assert (len(receiver.requests), receiver.stored("b")) == (4, b"other")


def test_a_batch_is_called_by_its_number_wherever_an_id_is(machine, receiver, blocker):
    first, second = machine.objects("put", machine.file("a"), machine.file("b"), receiver.url)
    number = str(first["batch_number"])
    assert number == str(second["batch_number"]) and number not in (str(first["number"]), str(second["number"]))
    assert [one["id"] for one in machine.objects("show", number)] == [first["id"], second["id"]]
    machine.run("pause", number)
    assert {one["status"] for one in machine.objects("list", "--batch", number)} == {"paused_by_application"}
    machine.run("resume", number)
    machine.run("cancel", blocker)
    machine.run("wait", number)
    assert {one["status"] for one in machine.objects("show", number)} == {"completed"}


def test_a_batch_whose_host_was_killed_between_two_slices_is_closed_at_what_came(tmp_path):
    with Stage(tmp_path) as stage:
        path, _ = stage.file(10)

        def requests():
            for number in itertools.count():
                if number == 2 * SLICE - 10:  # enough for a slice is on its way, and not for the next
                    created = (one for one in stage.desk.follow(Query(types=("created",)), after=0) if one is not None)
                    assert sum(1 for _ in itertools.islice(created, SLICE)) == SLICE
                    stage.kill_host()
                yield Request(source=path, destination=f"http://127.0.0.1:9/{number}")

        answers = []
        with pytest.raises(HostUnavailable):
            for answer in stage.desk.create(requests(), start=False):
                answers.append(answer)
        batch = stage.listed()[0]["batch"]
        told = stage.desk.ask(Question(what="batch", details={"name": batch}))
        assert (told["total"], told["sealed"], told["ended"], told["statuses"]) == (SLICE, True, None, {"idle": SLICE})
        assert [one.data for one in stage.history(batch) if one.type == "changed"] == [{"sealed": SLICE}]
