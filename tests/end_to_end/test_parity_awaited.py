"""Everything that an uploader, an operation and a batch can do, awaited: the caller's loop never stands still."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import time

import pytest
import sendoff

from tests.end_to_end.stage import Stage
from tests.end_to_end.ticker import Ticker, beside

SOON = 60
LONGEST_STEP = 0.5  # seconds; a loop that waited for the host would stand still for as long as that is stopped
LAG = 0.05  # seconds


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


@pytest.mark.parity("F36")
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


@pytest.mark.parity("F36")
def test_a_batch_that_was_created_begins_by_one_order(client, uploader, stage, receiver):
    path, _ = stage.file(1000)
    batch = uploader.create_uploads([(f"{receiver.url}{number}", path) for number in range(30)])
    assert (len(batch), receiver.connections) == (30, 0)

    assert (batch.start(), batch.start()) in ((30, 0), (30, 30))

    batch.wait(SOON)
    assert len(receiver.requests) == 30


@pytest.mark.campaign
@pytest.mark.parity("F36", "A21")
def test_ten_thousand_creates_and_starts_never_hold_the_loop_up(client, uploader, stage, tmp_path):
    path, _ = stage.file(100)
    command = [sys.executable, "-m", "sendoff.testing.receiver", "--folder", str(tmp_path / "received")]

    async def program(url):
        ticker = Ticker()
        ticking = asyncio.create_task(ticker.tick())
        begun = time.monotonic()
        batch = await uploader.acreate_uploads((f"{url}{number}", path) for number in range(10_000))
        created = time.monotonic() - begun
        started = await batch.astart()
        ticking.cancel()
        return batch, created, started, ticker

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver, beside() as longest_beside:
        batch, created, started, ticker = asyncio.run(program(receiver.stdout.readline().strip()))
        assert (len(batch), started) == (10_000, 10_000)
        assert ticker.longest < LAG + longest_beside()
        assert created < 60
        batch.wait(600)
        receiver.terminate()
    assert len(list((tmp_path / "received").iterdir())) >= 10_000
