"""``kill -9`` in the middle of an upload that can be resumed: what the server had is never sent again, and the receipt counts what was."""

import itertools
import statistics
import subprocess
from contextlib import suppress
from dataclasses import dataclass

import pytest
from sendoff.runtime.given import boot_id
from sendoff.runtime.meter import left_in
from sendoff.testing.receiver import Receiver

from tests.end_to_end.roads import ROADS
from tests.end_to_end.stage import MIB
from tests.servers.proxy import CountingProxy

SIZE = 24 * MIB
LATEST = 15 * MIB  # a kill is drawn up to here: what lies in the kernel's buffers still leaves, and must not complete the upload
PACE = 32 * MIB
BUFFERS = 8 * MIB  # of one connection in the kernel, at most

pytestmark = pytest.mark.needs_server


@dataclass(frozen=True, kw_only=True)
class Life:
    """What one host sent of an upload.

    asked: where it went on; the server had so much. passed: bytes of bodies that left it, as the proxy counts. noted: as it had noted itself when it was
    killed; None = it was not.
    """

    asked: int
    passed: int
    noted: int | None = None


@dataclass(frozen=True, kw_only=True)
class Fate:
    """An upload over several hosts. told: bytes sent again, as the receipt says. counted: as the proxy does."""

    lives: tuple[Life, ...]
    told: int
    counted: int

    @property
    def unconfirmed(self):
        """What had left each host and was not at the server when the next one asked."""
        return [before.asked + before.passed - after.asked for before, after in itertools.pairwise(self.lives)]

    @property
    def unnoted(self):
        """What the kernel had taken in the very moment of a kill: nobody could note it any more. Less than nothing: it threw away what was noted."""
        return sum(life.passed - life.noted for life in self.lives[:-1])

    @property
    def in_mid_transfer(self):
        return len(self.lives) > 1 and all(0 < life.asked + life.passed < SIZE for life in self.lives[:-1])


@pytest.fixture
def road(request, stage, tmp_path):
    with ROADS[getattr(request, "param", "reference")](tmp_path / "kept", rate=PACE) as opened:
        opened.configure(stage.config)
        yield opened


def lives(rows, noted):
    """A host that takes over asks first, on a connection of its own."""
    shares = [[]]
    for row in rows:
        if row.method == "HEAD" and shares[-1] and row.connection != shares[-1][-1].connection:
            shares.append([])
        shares[-1].append(row)
    begun = [next((row.offset for row in share if row.received), SIZE) for share in shares]
    return tuple(
        Life(asked=asked, passed=sum(row.received for row in share), noted=read) for asked, share, read in zip(begun, shares, [*noted, None], strict=True)
    )


def killed(stage, number):
    """How many bytes the host had noted as sent, of an operation, when it was killed; none of what was over by then."""
    stage.kill_host()
    left = left_in(stage.state / "meter", boot_id()).get(number)
    return [left.sent] if left else []


def carried(stage, road, kills, name="source.bin"):
    """One upload and the moments of its kills, each in bytes of its host; what became of it."""
    source, digest = stage.file(SIZE, name)
    since, there = len(road.proxy.requests), len(road.uploads())
    (id,) = stage.put(source, *road.words)
    begun, noted, number = since, [], there + 1
    for at in kills:
        road.wait_for_bytes(at, since=begun)
        noted += killed(stage, number)
        begun = len(road.proxy.requests)
        stage.run("list")
    stage.run("wait", id)
    rows, view = road.proxy.requests[since:], stage.view(id)
    assert (view["number"], view["protocol"], view["resumable"], stage.ends(id)) == (number, road.protocol, True, ["completed"])
    assert len(road.uploads()) == there + 1
    assert (SIZE, digest) in road.uploads()
    return Fate(lives=lives(rows, noted), told=view["receipt"]["bytes_resent"], counted=sum(row.received for row in rows) - SIZE)


def check(fate, *, speaks=False):
    """What went twice is what the server had not confirmed; the receipt says so, to the byte, of all that could be noted."""
    assert fate.counted == sum(fate.unconfirmed), fate
    kills = len(fate.lives) - 1
    assert (-BUFFERS * kills if speaks else 0) <= fate.unnoted <= MIB * kills, fate  # of one piece at most
    assert fate.told == max(fate.counted - fate.unnoted, 0), fate


def campaign(stage, road, operations, say):
    """How many of the kills landed in mid-transfer; each was counted to the byte."""
    fates = [carried(stage, road, [stage.random.randrange(1, LATEST)], f"{number}.bin") for number in range(operations)]
    counted = [fate for fate in fates if fate.in_mid_transfer]
    told, passed = [fate.told for fate in counted] or [0], [fate.lives[0].passed for fate in counted] or [0]
    say(
        f"{type(road.server).__name__}: {operations} uploads of {SIZE} bytes, one kill -9 each: {len(counted)} in mid-transfer,"
        f" after {min(passed)} to {max(passed)} bytes;"
        f" sent again {min(told)}, {statistics.median_low(told)}, {max(told)} (least, median, most); {sum(fate.unnoted != 0 for fate in fates)} with"
        " bytes that the kernel took or threw away in the moment of the kill"
    )
    for fate in fates:
        check(fate, speaks=road.speaks)
    return len(counted)


def test_what_a_killed_host_had_sent_and_the_server_confirmed_is_not_sent_again(stage, road, say):
    assert campaign(stage, road, 3, say) >= 2


@pytest.mark.campaign
@pytest.mark.timeout(1500)
def test_of_25_killed_uploads_each_sends_again_only_what_was_not_confirmed(stage, road, say):
    assert campaign(stage, road, 25, say) >= 20


@pytest.mark.campaign
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("road", ["own", "checksums", "draft"], indirect=True)
def test_of_ten_at_each_other_server_too(stage, road, say):
    assert campaign(stage, road, 10, say) >= 7


@pytest.mark.parametrize("road", ["own", "checksums", "draft"], indirect=True)
def test_at_other_servers_it_is_the_same(stage, road, say):
    campaign(stage, road, 1, say)


@pytest.mark.parametrize("road", [pytest.param(name, marks=[] if name == "reference" else pytest.mark.campaign) for name in ROADS], indirect=True)
def test_an_upload_whose_host_is_killed_again_and_again_goes_on_where_the_server_is(stage, road):
    fate = carried(stage, road, [3 * MIB] * 3)
    assert len(fate.lives) == 4 and fate.in_mid_transfer
    asked = [life.asked for life in fate.lives]
    assert asked == sorted(asked) and (asked[-1] > asked[1] or road.chunk_size)
    check(fate, speaks=road.speaks)


@pytest.fixture
def plain(tmp_path):
    """A server that keeps nothing half-done, and the proxy before it."""
    with Receiver(tmp_path / "received") as receiver, CountingProxy("127.0.0.1", receiver.port, rate=PACE) as proxy:
        yield receiver, proxy


def put_plain(stage, proxy):
    """An upload of which some has left its host."""
    source, digest = stage.file(SIZE)
    (id,) = stage.put("--protocol", "plain", source, f"http://127.0.0.1:{proxy.port}/")
    proxy.wait_for(bytes=stage.random.randrange(MIB, LATEST))
    return id, digest


def test_the_receipt_of_an_upload_that_cannot_be_resumed_counts_what_went_twice(stage, plain):
    receiver, proxy = plain
    id, digest = put_plain(stage, proxy)
    (noted,) = killed(stage, 1)
    stage.run("wait", id)
    assert [request.sha256 for request in receiver.requests if request.complete] == [digest]
    first, second = proxy.requests
    assert 0 < first.received < SIZE == second.received
    assert 0 <= first.received - noted <= MIB
    assert stage.view(id)["receipt"]["bytes_resent"] == noted


@pytest.mark.campaign
def test_hosts_that_are_killed_while_they_start_lose_nothing_of_the_count(stage, plain):
    _, proxy = plain
    id, _ = put_plain(stage, proxy)
    noted = {1: killed(stage, 1)[0]}  # by epoch
    for _ in range(6):
        with stage.own_host(ready=False) as starting:
            with suppress(subprocess.TimeoutExpired):
                starting.wait(stage.random.uniform(0.1, 1.0))
            starting.kill()
        left = left_in(stage.state / "meter", boot_id()).get(1)
        noted |= {left.epoch: left.sent} if left else {}
    stage.run("wait", id)
    assert stage.view(id)["receipt"]["bytes_resent"] == sum(noted.values()) >= noted[1] > 0
