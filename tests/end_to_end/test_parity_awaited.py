"""Everything that an uploader, an operation and a batch can do, awaited: the caller's loop never stands still."""

import asyncio
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import pytest
import sendoff

from tests.end_to_end.stage import Stage
from tests.end_to_end.ticker import Ticker, beside

SOON = 60
LONGEST_STEP = 0.5  # seconds; a loop that waited for the host would stand still for as long as that is stopped
LAG = 0.05  # seconds
MANY = 10_000


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place for all."""
    with Stage(tmp_path_factory.mktemp("awaited")) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made


@pytest.fixture
def uploader(client):
    return sendoff.BackgroundUploader(client)


@pytest.mark.parity("F36", "F79")
def test_every_twin_does_the_same_and_leaves_the_loop_alone(client, uploader, stage, receiver):
    path, digest = stage.file(1000)
    uploader.method = "PUT"
    host = stage.host()

    async def program():
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.tick())
        os.kill(host, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(1.0, os.kill, host, signal.SIGCONT)
        one, stream, form, batch = await asyncio.gather(
            uploader.acreate_upload(receiver.url + "one", path),
            uploader.acreate_upload_from_stream(receiver.url + "stream", io.BytesIO(b"abc"), 3),
            uploader.acreate_multipart_upload(receiver.url + "form", [sendoff.ContentPart("a").set_text("b")]),
            uploader.acreate_uploads([(f"{receiver.url}b{number}", path) for number in range(20)]),
        )
        await one.aset_request_header("X-A", "1")
        await one.aset_request_header("X-B", "2")
        await one.aremove_request_header("X-B")
        await one.apause()
        assert (await one.arefresh()).status is sendoff.TransferStatus.PAUSED_BY_APPLICATION
        await one.aresume()
        assert await one.attach() is one
        assert await (await stream.astart()) is stream
        assert await form.acancel() is True
        assert await form.acancel() is False
        await form.aretry()
        assert await form.attach() is form
        await form.aacknowledge()
        assert {event.type async for event in form.aevents()} >= {"created", "canceled", "retried", "completed"}
        listed = await uploader.acurrent_uploads()
        assert (await batch.apause(), await batch.aresume(), await batch.aretry()) == (20, 20, 0)
        assert await batch is batch
        given_up = await uploader.acreate_uploads([(f"{receiver.url}d{number}", path) for number in range(20)])
        assert await given_up.acancel() == 20
        more = await uploader.acreate_uploads([(f"{receiver.url}c{number}", path) for number in range(20)])
        assert await more.astart() == 20
        assert await more is more
        ticking.cancel()
        return listed, len(batch), ticker

    listed, count, ticker = asyncio.run(program())

    assert (len(listed), count) == (20, 20)
    assert ticker.longest < LONGEST_STEP
    rows = {row.path: row for row in receiver.requests}
    assert (rows["/one"].header("X-A"), rows["/one"].header("X-B"), rows["/one"].sha256) == ("1", None, digest)
    assert set(rows) == {"/one", "/stream", "/form", *(f"/b{number}" for number in range(20)), *(f"/c{number}" for number in range(20))}


@contextmanager
def slow_host(stage, seconds=1.0):
    """Whoever asks the host has to wait so long. Gives what begins the wait in a loop, which ticks, and tells how long it stood still at most."""
    host = stage.host()

    def begin():
        ticker = Ticker()
        asyncio.get_running_loop().call_later(seconds, os.kill, host, signal.SIGCONT)
        os.kill(host, signal.SIGSTOP)
        return ticker, asyncio.create_task(ticker.tick())

    try:
        yield begin
    finally:
        os.kill(host, signal.SIGCONT)


def test_what_can_be_set_and_read_has_twins_that_leave_the_loop_alone(client, uploader, stage, receiver):
    path, _ = stage.file(1000)
    group = sendoff.TransferGroup.create("awaited", client)
    uploader.method, uploader.transfer_group = "PUT", group
    one, two = (uploader.create_upload(receiver.url + name, path) for name in ("one", "two"))
    batch = uploader.create_uploads([(f"{receiver.url}b{number}", path) for number in range(3)])

    async def program(begin):
        ticker, ticking = begin()
        await asyncio.gather(
            group.aset_behavior(sendoff.TransferBehavior.SERIALIZED),
            one.aset_priority(sendoff.TransferPriority.HIGH),
            one.aset_cost_policy(sendoff.CostPolicy.ALWAYS),
            one.aset_recoverable_errors([sendoff.WebErrorStatus.FORBIDDEN]),
            two.amake_current_in_group(),
        )
        assert await group.abehavior() is sendoff.TransferBehavior.SERIALIZED
        assert {operation.id for operation in await uploader.acurrent_uploads_for_group(group)} == {one.id, two.id, *(each.id for each in batch)}
        assert await (await one.arefresh()).attach().acancel() is True
        assert [operation.id async for operation in batch] == [operation.id async for operation in batch.aoperations()]
        assert (await batch.aprogress()).total_bytes == 3000
        await (await two.astart())
        body = await two.aopen_response()
        ticking.cancel()
        return ticker.longest, body.read()

    with slow_host(stage) as begin:
        longest, body = asyncio.run(program(begin))

    assert longest < LONGEST_STEP
    assert body == two.open_response().read()
    assert (one.priority, one.cost_policy, one.recoverable_errors) == (
        sendoff.TransferPriority.HIGH, sendoff.CostPolicy.ALWAYS, (sendoff.WebErrorStatus.FORBIDDEN,),
    )  # fmt: skip


def test_completion_groups_and_batches_are_awaited_too(client, stage, receiver, monkeypatch):
    (stage.folder / "awaited_handlers.py").write_text("def told(details): ...\n")
    monkeypatch.syspath_prepend(str(stage.folder))
    client.put(b"x", receiver.url + "warm").wait(SOON)

    async def program(begin):
        ticker, ticking = begin()
        async with sendoff.CompletionGroup(client) as group:
            await group.aon_complete("awaited_handlers:told")
            member = await sendoff.BackgroundUploader(client, completion_group=group).acreate_upload(receiver.url + "member", b"x")
        assert group.is_enabled
        with pytest.raises(sendoff.InvalidState):
            await group.aenable()
        uploader = sendoff.BackgroundUploader(client)
        async with uploader.batch() as batch:
            first = await uploader.acreate_upload(receiver.url + "first", b"x")
            second = await uploader.acreate_upload(receiver.url + "second", b"x")
        after = await uploader.acreate_upload(receiver.url + "after", b"x")
        for operation in (member, first, second, after):
            await (await operation.astart())
        async for event in client.aevents(follow=True, types=("handler_completed",)):
            if event.batch == group.id:
                break
        ticking.cancel()
        return ticker.longest, batch, [first, second], after

    with slow_host(stage) as begin:
        longest, batch, inside, after = asyncio.run(program(begin))

    assert longest < LONGEST_STEP
    assert [operation.id for operation in batch] == [operation.id for operation in inside]
    assert after.batch != batch.id and len(batch) == 2


def test_a_completion_group_that_is_left_by_an_error_is_not_enabled(client):
    async def program():
        async with sendoff.CompletionGroup(client) as group:
            groups.append(group)
            raise KeyError("x")

    groups = []
    with pytest.raises(KeyError):
        asyncio.run(program())
    assert not groups[0].is_enabled


@pytest.mark.parity("F36")
def test_a_batch_that_was_created_begins_by_one_order(client, uploader, stage, receiver):
    path, _ = stage.file(1000)
    batch = uploader.create_uploads([(f"{receiver.url}{number}", path) for number in range(30)])
    assert (len(batch), receiver.connections) == (30, 0)

    assert (batch.start(), batch.start()) in ((30, 0), (30, 30))

    batch.wait(SOON)
    assert len(receiver.requests) == 30


def test_hundreds_that_are_awaited_together_stand_in_line(client, uploader, receiver):
    uploader.method = "PUT"

    async def program():
        operations = await asyncio.gather(*(uploader.acreate_upload(f"{receiver.url}{number}", b"x") for number in range(400)))
        threads = len([thread for thread in threading.enumerate() if thread.name == "sendoff-call"])
        handles = await asyncio.gather(*(operation.astart() for operation in operations))
        await asyncio.gather(*handles)
        return threads

    assert asyncio.run(program()) <= 16
    assert len(receiver.requests) == 400


@contextmanager
def ended(process):
    try:
        yield
    finally:
        process.terminate()


async def in_one_call(uploader, path, url):
    batch = await uploader.acreate_uploads((f"{url}{number}", path) for number in range(MANY))
    assert (len(batch), await batch.astart()) == (MANY, MANY)


async def one_by_one(uploader, path, url):
    async def some(first):
        for number in range(first, MANY, 20):
            operation = await uploader.acreate_upload(f"{url}{number}", path)
            await operation.astart()

    await asyncio.gather(*(some(number) for number in range(20)))


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parity("F36", "A21", "F23")
@pytest.mark.parametrize("how", [in_one_call, one_by_one], ids=lambda how: how.__name__)
def test_ten_thousand_creates_and_starts_never_hold_the_loop_up(how, client, uploader, stage, tmp_path):
    path, digest = stage.file(1000)
    uploader.method = "PUT"
    command = [sys.executable, "-m", "sendoff.testing.receiver", "--folder", str(tmp_path / "received")]

    async def program(url):
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.tick())
        await how(uploader, path, url)
        ticking.cancel()
        return ticker

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver, ended(receiver), beside() as gaps_beside:
        ticker = asyncio.run(program(receiver.stdout.readline().strip()))
        lag = ticker.longest_but_for(gaps_beside())
        for operation in client.find():
            operation.wait(SOON * 10)
    assert lag < LAG
    assert ticker.count > 100
    assert {hashlib.sha256(file.read_bytes()).hexdigest() for file in (tmp_path / "received").iterdir() if file.name.isdigit()} == {digest}
    assert len([file for file in (tmp_path / "received").iterdir() if file.name.isdigit()]) == MANY
