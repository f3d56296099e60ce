"""Who goes next, with one place at the server: order of creation, priorities, changes of mind."""

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, PACE, Stage

SOON = 60
HIGH, DEFAULT, LOW = sendoff.TransferPriority.HIGH, sendoff.TransferPriority.DEFAULT, sendoff.TransferPriority.LOW


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text("[limits]\nconcurrency = 1\n")
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


@pytest.fixture
def running(client, stage, receiver):
    """One that holds the only place until it is let go by being canceled."""
    operation = client.put(stage.file(64 * MIB, "large.bin")[0], f"{receiver.url}running")
    receiver.wait_for(bytes=MIB)
    return operation


def put(client, stage, receiver, *names, **more):
    path = stage.file(1000, f"{names[0]}.bin")[0]
    return [client.put(path, f"{receiver.url}{name}", **more) for name in names]


def order(receiver, operations):
    """In which order they reached the server."""
    for operation in operations:
        operation.wait(SOON)
    return [request.path.strip("/") for request in receiver.requests if request.path != "/running"]


@pytest.mark.parity("F72")
def test_without_a_word_they_go_in_the_order_of_their_creation(client, stage, receiver, running):
    waiting = put(client, stage, receiver, *"abcdef")

    running.cancel()

    assert order(receiver, waiting) == list("abcdef")


@pytest.mark.parity("F73", "F74")
def test_high_goes_first_and_low_last_whenever_they_came(client, stage, receiver, running):
    waiting = put(client, stage, receiver, "low", priority=LOW) + put(client, stage, receiver, "a", "b") + put(client, stage, receiver, "high", priority=HIGH)

    running.cancel()

    assert order(receiver, waiting) == ["high", "a", "b", "low"]


@pytest.mark.parity("F53", "F75")
def test_a_priority_may_change_what_waits_goes_by_it_and_what_runs_goes_on(client, stage, receiver, running):
    waiting = put(client, stage, receiver, "a", "b", "late")
    waiting[2].priority = HIGH
    running.priority = LOW
    began = receiver.requests[0]

    running.wait(SOON)

    assert order(receiver, waiting) == ["late", "a", "b"]
    assert [(one.number, one.complete) for one in receiver.requests if one.path == "/running"] == [(began.number, True)]


@pytest.mark.parity("F74")
def test_a_low_one_is_served_while_high_ones_keep_coming(client, stage, receiver, running):
    low = put(client, stage, receiver, "low", priority=LOW)
    high = put(client, stage, receiver, *(f"high{number}" for number in range(30)), priority=HIGH)

    running.cancel()

    assert order(receiver, low + high).index("low") < 20


@pytest.mark.parity("F77")
def test_no_more_run_at_once_than_the_limits_say(tmp_path):
    with Stage(tmp_path) as stage, Receiver(tmp_path / "one", rate=4 * MIB) as one, Receiver(tmp_path / "other", rate=4 * MIB) as other:
        stage.config.write_text("[limits]\nconcurrency = 3\nper_destination = 2\n")
        path = stage.file(MIB)[0]
        with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
            for operation in [client.put(path, f"{receiver.url}{number}") for number in range(6) for receiver in (one, other)]:
                operation.wait(SOON)

    assert most(one.requests) <= 2 and most(other.requests) <= 2
    assert 2 <= most((*one.requests, *other.requests)) <= 3


def most(requests):
    """How many requests were under way at the same time; a receiver notes an answer a moment after whoever asked has it."""
    moments = sorted([(one.began_at, 1) for one in requests] + [(one.answered_at - 0.1, -1) for one in requests])
    now = highest = 0
    for _, step in moments:
        now += step
        highest = max(highest, now)
    return highest
