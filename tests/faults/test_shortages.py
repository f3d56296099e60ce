"""A process runs short of descriptors or threads: less runs at once, and nothing is lost."""

import os
import resource

import pytest
from sendoff.testing.receiver import Receiver

from tests.end_to_end.handle import Handle
from tests.end_to_end.stage import MIB, Stage

pytestmark = pytest.mark.timeout(90)
RATE = 16 * MIB


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as made:
        made.config.write_text('[retry]\nbackoff = ["0.1s", "0.5s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", rate=RATE) as made:
        yield made


def descriptors(pid):
    """How many files and sockets a process has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def listed(rows):
    """The digests of what came whole."""
    return {row.sha256 for row in rows if row.complete}


@pytest.mark.fault(20)
def test_short_of_descriptors_fewer_run_at_once_and_none_is_lost(stage, receiver):
    stage.config.write_text(stage.config.read_text() + "[limits]\nconcurrency = 32\nper_destination = 32\n")
    host = stage.own_host()
    sources = [stage.file(MIB // 2, f"{n}.bin") for n in range(40)]
    resource.prlimit(host.pid, resource.RLIMIT_NOFILE, (descriptors(host.pid) + 14, 4096))
    ids = stage.put(*[source for source, _ in sources], receiver.url)

    receiver.wait_until(lambda rows: len(listed(rows)) == 40, timeout=60)

    resource.prlimit(host.pid, resource.RLIMIT_NOFILE, (4096, 4096))
    stage.run("wait", *ids)
    assert listed(receiver.requests) == {digest for _, digest in sources}
    assert [stage.ends(id) for id in ids] == [["completed"]] * 40
    assert sum(view["receipt"]["attempts"] for view in stage.listed()) > 40  # it was short indeed
    host.terminate()
    assert host.wait(15) == 0


@pytest.mark.fault(20)
def test_two_hundred_uploads_leave_no_descriptor_behind(stage, receiver):
    host = stage.own_host()
    sources = [stage.file(1000, f"{n}.bin")[0] for n in range(200)]
    stage.run("put", "--wait", *sources, f"{receiver.url}warm/")  # connections and readers are kept for the next: there are as many as there will be
    before = descriptors(host.pid)

    stage.run("put", "--wait", *sources, receiver.url)

    after = descriptors(host.pid)
    host.terminate()
    assert host.wait(15) == 0
    assert after <= before + 12


def address_space(pid):
    """Bytes of addresses a process uses (proc(5), ``statm``)."""
    with open(f"/proc/{pid}/statm") as found:
        return int(found.read().split()[0]) * resource.getpagesize()


@pytest.fixture
def slow(tmp_path):
    """A receiver at which each upload takes a second and a half, so that very many are under way at once."""
    with Receiver(tmp_path / "slowly", rate=MIB // 3) as made:
        yield made


@pytest.mark.fault(20)
@pytest.mark.campaign
def test_short_of_threads_fewer_run_at_once_and_none_is_lost(stage, slow):
    stage.config.write_text(stage.config.read_text() + "[limits]\nconcurrency = 32\nper_destination = 32\n")
    stage.environment["MALLOC_ARENA_MAX"] = "1"  # so that a thread costs its stack and little more
    owner = Handle(stage)
    try:
        warm = owner.put(source=stage.file(1000, "warm.bin")[0], destination=slow.url)
        assert owner.end_of(warm) == "completed"
        sources = [stage.file(MIB // 2, f"{n}.bin")[0] for n in range(40)]
        resource.prlimit(owner.pid, resource.RLIMIT_AS, (address_space(owner.pid) + 60 * MIB, resource.RLIM_INFINITY))

        ids = [owner.put(source=source, destination=slow.url) for source in sources]

        assert [owner.end_of(id) for id in ids] == ["completed"] * 40
        owner.says("no further thread can be started")
        owner.leave()
        assert len(listed(slow.requests)) == 41
    finally:
        owner.end()
