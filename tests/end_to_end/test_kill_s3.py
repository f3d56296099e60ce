"""``kill -9`` amid a multipart upload: at most the parts under way are sent again, and nothing is left behind at the server."""

import os
import shutil

import pytest
from sendoff.testing.receiver import Lost, Rule

from tests.end_to_end.stage import MIB
from tests.servers.proxy import CountingProxy
from tests.servers.s3 import BUCKET, RcloneS3, Seaweed

LANES = 4
PART = 8 * MIB
LATE = 64 * MIB  # no kill is drawn so near the end: on a busy machine a second passes until it is there
PACE = 24 * MIB  # bytes a second on each connection

pytestmark = pytest.mark.needs_server


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    with Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


def through(stage, server, proxy):
    """The destination ``w:`` leads through the proxy."""
    stage.config.write_text(f'[limits]\nlanes = {LANES}\n[destinations.w]\nurl = "s3://{BUCKET}/"\nendpoint_url = "http://127.0.0.1:{proxy.port}"\n')
    stage.environment |= server.environment


def large(stage, size, name):
    """A file of random bytes, more than can be drawn at once."""
    path = stage.folder / name
    with path.open("wb") as file:
        while size:
            piece = min(size, 32 * MIB)
            file.write(os.urandom(piece))
            size -= piece
    return str(path)


def part_bytes(rows):
    return sum(row.received for row in rows if "partNumber=" in row.path)


def killed_and_completed(stage, server, size, kills, name):
    """One upload killed so often at drawn bytes: how many of its bytes were sent more than once, and how many kills met it under way."""
    source = large(stage, size, name)
    with CountingProxy("127.0.0.1", server.port, rate=PACE) as proxy:
        through(stage, server, proxy)
        (id,) = stage.put(source, f"w:{name}")
        met = 0
        for kill in range(kills):
            low, high = size * kill // kills, min(size * (kill + 1) // kills, size - LATE)
            moment = stage.random.randrange(max(low, 1), max(low + 2, high))
            proxy.wait_until(lambda rows, moment=moment: part_bytes(rows) >= moment, timeout=120)
            stage.kill_host()
            met += 0 < part_bytes(proxy.requests) and not any(row.method == "POST" and "uploadId" in row.path for row in proxy.requests)
            stage.run("list")
        stage.run("wait", id)
        again = part_bytes(proxy.requests) - size
    with open(source, "rb") as file:
        assert server.body(name) == file.read()
    assert stage.ends(id) == ["completed"]
    receipt = stage.view(id)["receipt"]
    assert (receipt["size"], receipt["verified"]) == (size, "server-digest")
    assert server.uploads() == []
    os.remove(source)
    stage.run("host", "stop")  # the next one reads where the next server is when it starts
    return again, met


def campaign(stage, folder, say, *, uploads, kills, size):
    """How many of the kills were amid a try. Each upload has a server of its own: what is deleted there does not give its room back."""
    found = []
    for number in range(uploads):
        with Seaweed(folder / f"seaweed-{number}") as server:
            found.append(killed_and_completed(stage, server, size, kills, f"{number}.bin"))
        shutil.rmtree(folder / f"seaweed-{number}")
    worst = max(again for again, _ in found)
    in_transfer = sum(met for _, met in found)
    say(
        f"{uploads} uploads of {size // MIB} MiB, {kills} kill -9 each, {in_transfer} of them amid a try: at most {worst / MIB:.1f} MiB of one sent again"
        f" ({kills * LANES} parts of {PART // MIB} MiB were under way)"
    )
    assert 0 <= worst <= kills * LANES * PART
    return in_transfer


@pytest.mark.fault(4, 6)
def test_an_upload_killed_three_times_sends_again_only_the_parts_under_way(stage, tmp_path, say):
    assert campaign(stage, tmp_path, say, uploads=1, kills=3, size=160 * MIB + 1) >= 2


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.fault(4, 6)
def test_at_25_moments_of_uploads_of_512_mib_only_the_parts_under_way_are_sent_again(stage, tmp_path, say):
    assert campaign(stage, tmp_path, say, uploads=5, kills=5, size=512 * MIB) >= 20


@pytest.mark.fault(8)
def test_a_canceled_upload_leaves_nothing_at_the_server(stage, seaweed):
    source, _ = stage.file(64 * MIB)
    with CountingProxy("127.0.0.1", seaweed.port, rate=4 * MIB) as proxy:
        through(stage, seaweed, proxy)
        (id,) = stage.put(source, "w:canceled")
        proxy.wait_until(lambda rows: part_bytes(rows) > MIB)
        assert len(seaweed.uploads()) == 1
        stage.kill_host()
        stage.run("cancel", id)
        stage.run("host", "status")
        proxy.wait_until(lambda rows: any(row.method == "DELETE" and row.answered_at for row in rows))
    assert seaweed.uploads() == []


def test_gc_takes_away_what_a_failed_upload_has_left_and_leaves_a_running_one_alone(stage, seaweed):
    source, _ = stage.file(32 * MIB)
    with CountingProxy("127.0.0.1", seaweed.port, rate=2 * MIB) as proxy:
        through(stage, seaweed, proxy)
        (failing,) = stage.put(source, "w:failing")
        proxy.wait_until(lambda rows: part_bytes(rows) > MIB)
        with open(source, "ab") as file:
            file.write(b"more")
        stage.run("wait", failing, fine=(1,))
        other = seaweed.client().create_multipart_upload(Bucket=BUCKET, Key="of somebody else")["UploadId"]
        running, _ = stage.file(32 * MIB, "running.bin")
        before = len(proxy.requests)
        (id,) = stage.put(running, "w:running")
        proxy.wait_until(lambda rows: part_bytes(rows[before:]) > MIB)
        found = [line.split("  ") for line in stage.run("gc", "--remote", "w:").stdout.splitlines()]
        assert sorted(line[-2].strip() for line in found) == ["is being sent", "not known here"]
        stage.run("gc", "--remote", "w:", "--others")
        assert other not in seaweed.uploads()
        stage.run("wait", id)
    assert seaweed.uploads() == []


@pytest.mark.fault(48)
def test_a_server_that_loses_the_mark_leaves_a_lost_completion_unknown_and_the_receipt_admits_the_size(stage, tmp_path):
    source, _ = stage.file(20 * MIB)
    with RcloneS3(tmp_path / "rclone") as server, CountingProxy("127.0.0.1", server.port, rate=PACE) as proxy:
        through(stage, server, proxy)
        (first,) = stage.put(source, "w:first")
        stage.run("wait", first)
        assert stage.view(first)["receipt"]["verified"] == "size"
        before = len(proxy.requests)
        (second,) = stage.put(source, "w:second")
        proxy.wait_until(lambda rows: part_bytes(rows[before:]) > 0)
        proxy.add(Rule(do=Lost(), method="POST"))
        proxy.wait_until(lambda rows: any(row.broken for row in rows[before:]))
        server.kill()  # with its process rclone loses what it had been told of the object
        server.open()
        stage.run("wait", second, fine=(1,))
        created = [row for row in proxy.requests[before:] if row.method == "POST" and "uploads" in row.path]
    assert stage.view(second)["error"]["code"] == "outcome_unknown"
    assert len(created) == 1, "a second upload was begun in silence"
