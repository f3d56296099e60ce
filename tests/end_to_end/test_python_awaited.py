"""The awaited twins: the caller's loop never stands still, and whoever stops awaiting is not held back."""

import asyncio
import os
import signal
import threading
import time

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB, PACE, Stage
from tests.end_to_end.ticker import Ticker

SIZE = 8 * MIB
SOON = 60
LONGEST_STEP = 0.5  # seconds; a loop that waited for the host would stand still as long as that is stopped


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all; nothing unfinished is left to the next test."""
    with Stage(tmp_path_factory.mktemp("awaited")) as made:
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=PACE) as made:
        yield made


@pytest.mark.parity("F79")
def test_the_loop_ticks_on_while_a_slow_host_answers(stage, receiver):
    path, digest = stage.file(SIZE)

    async def program():
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.tick())
        async with await sendoff.aconnect(state_dir=stage.state, config=stage.config) as client:
            host = stage.host()
            os.kill(host, signal.SIGSTOP)
            asyncio.get_running_loop().call_later(1.0, os.kill, host, signal.SIGCONT)
            begun = time.monotonic()
            operation = await client.aput(path, receiver.url)
            took = time.monotonic() - begun
            told = [progress.bytes_sent async for progress in operation.attach()]
            assert await operation.attach() is operation
            assert [found async for found in client.afind(batch=operation.batch, all=True)] == [operation]
            assert await client.aget(operation.number) == operation
            types = [event.type async for event in client.aevents(operation=operation)]
        ticking.cancel()
        return took, told, types, ticker, operation

    took, told, types, ticker, operation = asyncio.run(program())

    assert took > 0.9
    assert ticker.count > 50
    assert ticker.longest < LONGEST_STEP
    assert told[-1] == SIZE
    assert types == ["created", "completed", "acknowledged"]
    assert (operation.receipt.size, receiver.requests[0].sha256) == (SIZE, digest)


def test_a_canceled_await_leaves_nothing_hanging(stage, receiver):
    path, _ = stage.file(1000)
    client = sendoff.connect(state_dir=stage.state, config=stage.config)
    host = stage.host()

    async def program():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.aput(path, receiver.url, group="left"), 0.2)

    os.kill(host, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        asyncio.run(program())
        assert time.monotonic() - begun < 5
    finally:
        os.kill(host, signal.SIGCONT)
    operation = first_of(client, "left")
    assert operation.wait(SOON).receipt.size == 1000
    client.close()


def first_of(client, group):
    """The first operation of a group as soon as there is one."""
    for _ in client.events(follow=True, types=("created",)):
        for found in client.find(group=group, all=True):
            return found
    raise AssertionError("the events ended")


def test_a_canceled_wait_stops_no_upload(stage, receiver):
    path, _ = stage.file(SIZE)

    async def program(client):
        operation = await client.aput(path, receiver.url)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(operation.attach(), 0.01)
        return operation

    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        operation = asyncio.run(program(client))
        assert operation.wait(SOON).receipt.attempts == 1


def test_whoever_stops_reading_events_lets_their_thread_end(stage, receiver):
    path, _ = stage.file(1000)

    async def program(client):
        first = await client.aput(path, receiver.url + "1")
        (created,) = [event.seq async for event in client.aevents(operation=first, types=("created",))]
        seen = []
        events = client.aevents(created, follow=True, types=("completed",))
        async for event in events:
            seen.append(event.operation)
            if len(seen) == 2:
                break
            second = await client.aput(path, receiver.url + "2")
        await events.aclose()
        return seen == [first.id, second.id]

    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        assert asyncio.run(program(client))
        for thread in threading.enumerate():
            if thread.name == "sendoff-iterate":
                thread.join(SOON)
                assert not thread.is_alive()


def test_what_the_host_refuses_is_raised_where_it_is_awaited(stage):
    async def program(client):
        with pytest.raises(sendoff.SourceMissing):
            await client.aput(stage.folder / "none", "http://127.0.0.1:9/")
        with pytest.raises(sendoff.UnknownOperation):
            await client.aget("nothing-like-it")
        batch = await client.aput_many([(stage.folder / "none", "http://127.0.0.1:9/")])
        assert (len(batch), len(batch.errors)) == (0, 1)

    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        asyncio.run(program(client))
