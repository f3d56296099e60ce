"""Nobody starves: not beside a huge backlog of a group, nor of a destination; and what goes to one target goes in order of creation."""

import time

import pytest
import sendoff
from sendoff import TransferPriority
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB

SOON = 60
TOGETHER = 32  # small ones that go in one run


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


def put_many(client, receiver, path, names, **more):
    return client.put_many([(path, f"{receiver.url}{name}") for name in names], **more)


def begun(receiver):
    """What was put, by name, in the order in which it came."""
    return [request.path.strip("/") for request in sorted(receiver.requests, key=lambda one: one.began_at) if request.method == "PUT"]


def test_one_of_another_group_is_served_within_a_few_runs_of_a_backlog(stage, tmp_path, client):
    stage.config.write_text("[limits]\nconcurrency = 1\n")
    path, large = stage.file(100)[0], stage.file(8 * MIB, "large")[0]
    with Receiver(tmp_path / "slow", rate=4 * MIB) as slow, Receiver(tmp_path / "received") as receiver:
        client.put(large, f"{slow.url}large")  # it holds the only place until all are there
        slow.wait_for(bytes=MIB)
        backlog = put_many(client, receiver, path, range(300), group="backlog")
        other = client.put(path, f"{receiver.url}other", group="other")
        other.wait(SOON)
        backlog.wait(SOON)

        assert begun(receiver).index("other") <= 2 * TOGETHER + 1


def test_a_backlog_at_a_slow_destination_delays_nothing_that_goes_elsewhere(stage, tmp_path, client):
    path, large = stage.file(100)[0], stage.file(MIB, "large")[0]
    with Receiver(tmp_path / "slow", rate=MIB / 4) as slow, Receiver(tmp_path / "other") as other:
        backlog = put_many(client, slow, large, range(1_000))
        slow.wait_for(bytes=MIB / 8)
        began = time.monotonic()
        client.put(path, f"{other.url}x").wait(SOON)
        took = time.monotonic() - began
        backlog.cancel()

    assert [request.path for request in slow.requests if request.complete] == []
    assert took < 5


def test_what_goes_to_one_target_goes_in_order_of_creation_whatever_its_priority(stage, receiver, client):
    priorities = (TransferPriority.LOW, TransferPriority.DEFAULT, TransferPriority.HIGH)
    files = [stage.file(1_000 + number, f"file-{number}") for number in range(30)]
    operations = [
        client.put(path, f"{receiver.url}x", priority=priorities[number % 3], group=f"group-{number % 4}", start=False)
        for number, (path, _) in enumerate(files)
    ]  # fmt: skip
    for operation in operations:
        operation.start()
    for operation in operations:
        operation.wait(SOON)

    assert [request.sha256 for request in receiver.requests] == [digest for _, digest in files]
