"""A bandwidth limit and many uploads: measured on the wire, for each transport."""

import os
import time

import pytest
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.receiver import Receiver

from plugins.transports.s3.tests.fake_s3 import BUCKET, FakeS3
from tests.core.owned import QUICK, Owned, eventually
from tests.servers.tap import Tap

KIB, MIB = 2**10, 2**20
SECONDS = 3.0  # that are looked at
AHEAD = 128 * KIB  # bytes that may lie in the kernel's buffers when the look begins, and heads, digests and the like


def limited(rate, more=""):
    return f'{QUICK}[limits]\nbandwidth = "{rate}"\nconcurrency = 8\nper_destination = 8\n{more}'


def watched(tap, seconds=SECONDS):
    """The time that is looked at: so many seconds from when the first half second has passed."""
    eventually(lambda: tap.total() > 0)
    begin = time.monotonic() + 0.5
    time.sleep(seconds + 0.5)
    return begin, begin + seconds


def held(tap, rate, begin, end):
    """It is used, within five percent and what lies in buffers, and never much more of it in a second."""
    assert (end - begin) * rate * 0.95 - AHEAD <= tap.total(begin, end) <= (end - begin) * rate * 1.05 + AHEAD
    assert tap.most_in(1.0, begin, end) <= rate * 1.15 + AHEAD


@pytest.mark.fault(72)
def test_eight_large_uploads_over_http_go_as_fast_as_they_may_together_and_each_gets_its_share(tmp_path):
    with Receiver() as receiver, Tap(receiver.port) as tap, Owned(tmp_path, config=limited("2M")) as owned:
        big = owned.file("big", os.urandom(8 * MIB))
        for number in range(8):
            owned.put(big, f"http://127.0.0.1:{tap.port}/{number}", again=True)
        eventually(lambda: len(receiver.requests) == 8)
        begin, end = watched(tap)
        shares = [request.received for request in receiver.requests]
    held(tap, 2 * MIB, begin, end)
    assert max(shares) - min(shares) < 0.35 * max(shares)  # the first began alone
    assert tap.longest_silence(begin, end) < 3.0


@pytest.mark.fault(72)
def test_priority_says_who_gets_how_much(tmp_path):
    with Receiver() as receiver, Tap(receiver.port) as tap, Owned(tmp_path, config=limited("1M")) as owned:
        big = owned.file("big", os.urandom(8 * MIB))
        ids = [owned.put(big, f"http://127.0.0.1:{tap.port}/{one}", priority=one) for one in ("default", "high", "low")]
        eventually(lambda: len(receiver.requests) == 3)
        before = {request.path: request.received for request in receiver.requests}
        time.sleep(SECONDS)
        got = {request.path: request.received - before[request.path] for request in receiver.requests}
        for id in ids:
            owned.order("cancel", id)
    whole = sum(got.values())
    assert [got[f"/{one}"] / whole for one in ("high", "default", "low")] == pytest.approx([4 / 7, 2 / 7, 1 / 7], abs=0.06)


@pytest.mark.fault(72)
def test_hundreds_of_small_files_hold_it_too(tmp_path):
    with Receiver() as receiver, Tap(receiver.port) as tap, Owned(tmp_path, config=limited("1M")) as owned:
        for number in range(500):
            owned.put(owned.file(f"small-{number}", os.urandom(16 * KIB)), f"http://127.0.0.1:{tap.port}/{number}")
        begin, end = watched(tap)
    held(tap, MIB * 1.03, begin, end)  # heads are not counted


@pytest.mark.fault(72)
def test_parts_of_an_s3_upload_go_out_evenly_and_not_each_in_one_burst(tmp_path):
    with FakeS3() as server, Tap(int(server.url.rpartition(":")[2])) as tap:
        config = limited("1M", f'[destinations.s3]\nurl = "s3://{BUCKET}/"\nendpoint_url = "http://127.0.0.1:{tap.port}"\npart_size = "5M"\n')
        environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test12345", "AWS_DEFAULT_REGION": "us-east-1"}
        with Owned(tmp_path, config=config) as owned:
            owned.put(owned.file("big", os.urandom(24 * MIB)), "s3:big", environment=environment)
            eventually(lambda: tap.total() > 64 * KIB)
            begin, end = watched(tap)
            assert not server.objects
    held(tap, MIB, begin, end)


@pytest.mark.fault(72)
@pytest.mark.needs_server
@pytest.mark.parametrize(("number", "size"), [(2, 8 * MIB), (300, 32 * KIB)], ids=["large", "runs of small ones"])
def test_over_sftp_it_holds_for_large_ones_and_for_runs(number, size, tmp_path):
    if missing := OpenSsh.missing():
        pytest.skip(missing)
    server = OpenSsh(tmp_path / "ssh")
    try:
        with Tap(server.port) as tap:
            (tmp_path / "ssh" / "known_hosts").write_text(server.known_as("127.0.0.1", tap.port))
            more = f'host_keys = "{server.known_hosts}"\nidentity_file = "{server.user_key}"\nssh_config = "none"\nagent = false\n'
            config = limited("1M", f'[destinations.lab]\nurl = "{server.url(port=tap.port)}"\n{more}')
            with Owned(tmp_path, config=config) as owned:
                for one in range(number):
                    owned.put(owned.file(f"file-{one}", os.urandom(size)), f"lab:file-{one}")
                eventually(lambda: tap.total() > 256 * KIB)
                begin, end = watched(tap)
    finally:
        server.close()
    held(tap, MIB * (1.0 if size > MIB else 1.04), begin, end)


@pytest.mark.fault(72)
def test_nobody_is_starved_to_death_over_http_however_little_there_is(tmp_path):
    config = limited("32k").replace("[retry]\n", '[retry]\nstall_timeout = "3s"\nresponse_timeout = "3s"\n')
    with Receiver() as receiver, Tap(receiver.port) as tap, Owned(tmp_path, config=config) as owned:
        big = owned.file("big", os.urandom(2 * MIB))
        words = [(number, priority) for number, priority in enumerate(("high", "high", "high", "high", "high", "default", "low", "low"))]
        ids = [owned.put(big, f"http://127.0.0.1:{tap.port}/{number}", priority=priority) for number, priority in words]
        eventually(lambda: sum(request.received > 0 for request in receiver.requests) == 8)
        begin, end = watched(tap, 7.0)
        assert [owned.view(id)["progress"]["attempt"] for id in ids] == [1] * 8 and len(receiver.requests) == 8
    assert tap.longest_silence(begin, end) < 5.0


@pytest.mark.fault(72)
@pytest.mark.needs_server
def test_nobody_is_starved_to_death_over_sftp_however_little_there_is(tmp_path):
    if missing := OpenSsh.missing():
        pytest.skip(missing)
    server = OpenSsh(tmp_path / "ssh")
    try:
        more = f'host_keys = "{server.known_hosts}"\nidentity_file = "{server.user_key}"\nssh_config = "none"\nagent = false\n'
        config = limited("16k", f'[destinations.lab]\nurl = "{server.url()}"\nstall_timeout = "3s"\n{more}')
        with Owned(tmp_path, config=config) as owned:
            ids = [owned.put(owned.file(f"file-{one}", os.urandom(2 * MIB)), f"lab:file-{one}") for one in range(4)]
            eventually(lambda: all(owned.view(id)["progress"]["bytes_sent"] > 8 * KIB for id in ids))
            time.sleep(4.0)
            views = [owned.view(id) for id in ids]
    finally:
        server.close()
    assert [(view["status"], view["progress"]["attempt"], view["error"]) for view in views] == [("running", 1, None)] * 4


def test_a_limit_of_one_destination_leaves_the_others_alone(tmp_path):
    with Receiver() as receiver, Tap(receiver.port) as slow, Tap(receiver.port) as fast:
        config = f'{QUICK}[destinations.slow]\nurl = "http://127.0.0.1:{slow.port}/"\nbandwidth = "200k"\n'
        with Owned(tmp_path, config=config) as owned:
            big = owned.file("big", os.urandom(4 * MIB))
            owned.put(big, "slow:a")
            owned.put(big, "slow:b")
            eventually(lambda: len(receiver.requests) == 2)
            owned.done(owned.put(big, f"http://127.0.0.1:{fast.port}/c"))
            begin, end = watched(slow)
    held(slow, 200 * KIB, begin, end)


def test_where_so_little_is_allowed_that_not_all_can_live_on_it_fewer_run(tmp_path):
    with Receiver() as receiver, Owned(tmp_path, config=limited("8k")) as owned:
        big = owned.file("big", os.urandom(MIB))
        ids = [owned.put(big, f"{receiver.url}{number}") for number in range(4)]
        eventually(lambda: sum(request.received > 0 for request in receiver.requests) == 2)
        time.sleep(1.0)
        assert [owned.view(id)["status"] for id in ids].count("running") == 2
        began = time.monotonic()
        for id in ids:
            owned.order("cancel", id)
        for id in ids:
            owned.until(id, "canceled")
        assert time.monotonic() - began < 5.0
