"""Orders as people type them: for very many at once, and in the order of what waits."""

import json
import time

import pytest
from sendoff.model.event import Event
from sendoff.model.operation import Request
from sendoff.model.query import Query
from sendoff.testing.receiver import Receiver, Rule, Stall

from tests.end_to_end.stage import Stage

ONE_BY_ONE = "[limits]\nconcurrency = 1\nper_destination = 1\n"
MANY, VERY_MANY = 8_000, 200_000
BEARABLE = 20.0  # seconds that a create may wait while an order for very many is written out, on a busy machine


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text(ONE_BY_ONE)
        yield made


@pytest.fixture
def stalling(tmp_path):
    """A receiver whose first request hangs in its middle."""
    with Receiver(tmp_path / "received", script=[Rule(do=Stall(), request=1, at=1000)]) as made:
        yield made


def queue(stage, receiver, count):
    """So many operations that wait behind one that runs."""
    source, _ = stage.file(100_000)
    requests = (Request(source=source, destination=f"{receiver.url}{number}") for number in range(count))
    return [answer.number for answer in stage.desk.create(requests)]


def ended(stage, count, after=0):
    """The ids of canceled events as they come, until there are so many."""
    found = []
    for news in stage.desk.follow_always(Query(types=("canceled",)), after=after):
        if isinstance(news, Event):
            found.append(news)
            if len(found) == count:
                return found
    raise AssertionError("the events ended")


def cancel_all_and_kill(stage, receiver, count):
    """``cancel --all`` of so many, the host killed over it: what a create in between took, and how many had been canceled by then."""
    queue(stage, receiver, count)
    receiver.wait_for(request=1, bytes=1000)
    host, other = stage.host(), stage.file(10, "other")[0]
    with stage.begin("cancel", "--all") as canceling:
        ended(stage, 1)
        began = time.monotonic()
        (later,) = stage.put(other, f"{receiver.url}later")
        took = time.monotonic() - began
        stage.kill(host)
        canceling.communicate()
    stage.run("host", "start")
    every = ended(stage, count)
    assert len({event.operation for event in every}) == count, "each has ended exactly once"
    stage.run("wait", later)
    return took, later


def check(stage, receiver, count, say):
    took, later = cancel_all_and_kill(stage, receiver, count)
    assert took < BEARABLE
    assert stage.view(later)["status"] == "completed"
    assert [request.path for request in receiver.requests][1:] == ["/later"], "nothing that was canceled has begun"
    assert not stage.desk.page(Query(open=True)).items
    say(f"cancel --all of {count:,}, one kill -9: each ended once; a put in between took {took:.2f} s")


@pytest.mark.timeout(300)
def test_a_host_killed_over_cancel_all_leaves_an_order_that_the_next_one_finishes(stage, stalling, say):
    check(stage, stalling, MANY, say)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_a_host_killed_over_cancel_all_of_very_many(stage, stalling, say):
    check(stage, stalling, VERY_MANY, say)


def test_a_pause_of_all_is_told_with_its_number_and_stops_what_runs(stage, stalling):
    queue(stage, stalling, 500)
    stalling.wait_for(request=1, bytes=1000)

    said = stage.run("pause", "--all")

    assert said.stderr.splitlines() == ["paused 500 operations"]
    assert stalling.wait_for(request=1, over=True).broken
    found = json.loads(stage.run("resume", "--all", "--json").stdout)
    assert (found["count"], len(found["ids"]), found["skipped"]) == (500, 500, [])


def test_the_last_moved_first_is_received_next(stage, stalling):
    numbers = queue(stage, stalling, 5)
    stalling.wait_for(request=1, bytes=1000)

    stage.run("move", str(numbers[4]), str(numbers[3]), "--first")
    stage.run("move", str(numbers[1]), "--last")
    stage.run("cancel", str(numbers[0]))

    stage.run("wait", *map(str, numbers[1:]))
    assert [request.path for request in stalling.requests] == ["/0", "/4", "/3", "/2", "/1"]


def test_a_move_survives_the_host(stage, stalling):
    numbers = queue(stage, stalling, 3)
    stalling.wait_for(request=1, bytes=1000)
    stage.run("move", str(numbers[2]), "--before", str(numbers[1]))

    stage.kill_host()

    stage.run("cancel", str(numbers[0]))
    stage.run("wait", str(numbers[1]), str(numbers[2]))
    assert [request.path for request in stalling.requests if request.complete and request.path != "/0"] == ["/2", "/1"]


def test_what_cannot_be_moved_says_why(stage, stalling):
    numbers = queue(stage, stalling, 2)
    stalling.wait_for(request=1, bytes=1000)

    running = stage.run("move", str(numbers[0]), "--last", fine=(2,))
    assert "is running; only what waits" in running.stderr
    stage.run("set", str(numbers[1]), "--priority", "high")
    third = stage.put(stage.file(10, "third")[0], stalling.url)[0]
    apart = stage.run("move", third, "--before", str(numbers[1]), fine=(2,))
    assert "priority default" in apart.stderr and "priority high" in apart.stderr
    assert "one of --first" in stage.run("move", third, fine=(2,)).stderr


def test_set_changes_what_is_sent_next(stage, stalling):
    numbers = queue(stage, stalling, 2)
    stalling.wait_for(request=1, bytes=1000)

    said = stage.run("set", str(numbers[1]), "--header", "X-Project: films", "--header-secret", "X-Key: hush", "--meta", "order=7", "--label", "mine")

    assert said.stderr.splitlines()[-1] == "changed 1 operation" and "X-Key stands on the command line" in said.stderr
    stage.run("cancel", str(numbers[0]))
    stage.run("wait", str(numbers[1]))
    sent = stalling.requests[-1]
    assert (sent.header("X-Project"), sent.header("X-Key")) == ("films", "hush")
    view = stage.view(stage.listed()[1]["id"])
    assert (view["label"], view["metadata"]) == ("mine", {"order": "7"})
    assert "hush" not in stage.run("events", view["id"], "--json").stdout


def test_set_to_another_origin_names_both(stage, stalling):
    numbers = queue(stage, stalling, 2)

    refused = stage.run("set", str(numbers[1]), "--url", "http://127.0.0.1:9/x", fine=(2,))

    assert stalling.url.rstrip("/") in refused.stderr and "http://127.0.0.1:9" in refused.stderr and "--other-origin" in refused.stderr
    assert stage.run("set", str(numbers[1]), "--url", "http://127.0.0.1:9/x", "--other-origin").stderr == "changed 1 operation\n"
    assert "something to set" in stage.run("set", str(numbers[1]), fine=(2,)).stderr


def test_gc_says_what_it_forgot(stage, tmp_path):
    stage.config.write_text('[retention]\nfinished = "0s"\n')
    with Receiver(tmp_path / "received") as receiver:
        stage.put("--wait", stage.file(10)[0], receiver.url)

    found = json.loads(stage.run("gc", "--json").stdout)

    assert found["operations"] == 1 and not stage.listed()
    assert stage.run("gc").stderr == "there was nothing to forget\n"
