"""Who is asked about the network, in a real host: NetworkManager while it runs, else the routing table."""

from contextlib import suppress

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB
from tests.servers import network_manager as nm
from tests.servers.message_bus import MessageBus

SIZE, RATE = 24 * MIB, 12 * MIB
SOON = 60
FAR = "http://far.example/"  # behind a proxy on this machine: what is local needs no network

pytestmark = [pytest.mark.needs_server, pytest.mark.timeout(180)]


@pytest.fixture
def manager(tmp_path):
    with MessageBus(tmp_path / "bus") as bus:
        yield nm.NetworkManager(bus)


@pytest.fixture
def receiver(tmp_path, stage, monkeypatch):
    """Everything far goes through here."""
    with Receiver(tmp_path / "received", rate=RATE) as made:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{made.port}")
            stage.environment[name] = f"http://127.0.0.1:{made.port}"
        yield made


@pytest.fixture
def begin(stage, receiver, manager):
    """Starts a host, and gives a client; what is counted as failed once has failed."""
    begun = []

    def begin():
        stage.environment |= manager.bus.environment
        stage.config.write_text('[network]\nsettle = "0.1s"\n[retry]\npatience = 0\nattempts = 1\n')
        begun.append((stage.own_host(), sendoff.connect(state_dir=stage.state, config=stage.config)))
        return begun[-1][1]

    yield begin
    for host, client in begun:
        for operation in client.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)
        client.close()
        host.terminate()
        host.wait()


@pytest.fixture
def client(begin):
    return begin()


@pytest.fixture
def offline(manager, begin):
    """A client of a host that has never known a network."""
    manager.become(State=nm.DISCONNECTED, Connectivity=nm.NONE)
    return begin()


@pytest.mark.parity("A18", "F120", "F129", "F152")
def test_a18_a_network_that_becomes_metered_holds_what_is_to_cost_nothing(client, stage, receiver, manager):
    path, digest = stage.file(SIZE)
    operation = client.put(path, f"{FAR}a", cost="unrestricted-only")
    receiver.wait_for(bytes=MIB)

    manager.become(Metered=nm.YES)
    stage.until(operation.id, status="paused_costed_network", reason="metered")
    always = client.put(b"it may", f"{FAR}b").wait(SOON)
    manager.become(Metered=nm.NO)

    assert operation.wait(SOON).receipt.size == SIZE
    assert [row.path for row in receiver.requests if row.complete] == [always.requested_url, operation.requested_url]
    assert receiver.requests[-1].sha256 == digest


@pytest.mark.parity("F148", "F152")
def test_behind_a_login_page_everything_waits_and_goes_on_by_itself(begin, stage, receiver, manager):
    manager.become(State=nm.CONNECTED_SITE, Connectivity=nm.PORTAL)
    client = begin()
    operation = client.put(b"x", f"{FAR}a")
    stage.until(operation.id, status="paused_no_network", reason="portal")
    assert "network        online, wants a login (networkmanager)" in stage.run("host", "status").stdout.splitlines()
    near = client.put(b"y", f"http://127.0.0.1:{receiver.port}/near").wait(SOON)

    manager.become(State=nm.CONNECTED, Connectivity=nm.FULL)

    assert operation.wait(SOON).progress.attempt == 1
    assert [row.path for row in receiver.requests] == ["/near", f"{FAR}a"] and near.receipt.size == 1


@pytest.mark.parity("F152")
def test_when_networkmanager_ends_the_routing_table_is_asked_instead(offline, stage, receiver, manager):
    operation = offline.put(b"x", f"{FAR}a")
    stage.until(operation.id, status="paused_no_network", reason="offline")

    manager.close()

    assert operation.wait(SOON).receipt.size == 1
    manager.open()
    manager.become(State=nm.DISCONNECTED, Connectivity=nm.NONE)
    other = offline.put(stage.file(SIZE)[0], f"{FAR}b")
    stage.until(other.id, status="paused_no_network", reason="offline")


def test_resume_now_is_for_one_whole_try_and_for_no_other(offline, stage, receiver, manager):
    path, digest = stage.file(SIZE)
    wanted, other = offline.put(path, f"{FAR}a"), offline.put(b"y", f"{FAR}b", cost="unrestricted-only")
    stage.until(wanted.id, status="paused_no_network")
    stage.until(other.id, status="paused_no_network")

    stage.run("resume", "--now", wanted.id)
    receiver.wait_for(bytes=MIB)
    manager.become(Metered=nm.YES)  # it changes in the middle, and is still one of which nothing may go out

    assert wanted.wait(SOON).progress.attempt == 1
    assert [row.sha256 for row in receiver.requests if row.path.endswith("/a")] == [digest]
    assert stage.view(other.id)["status"] == "paused_costed_network", "it has arrived: there is a network, though a dear one"


def test_resume_now_does_not_outlive_a_try_that_breaks(offline, stage, receiver, manager):
    path, _ = stage.file(SIZE)
    wanted = offline.put(path, f"{FAR}a")
    stage.until(wanted.id, status="paused_no_network")

    stage.run("resume", "--now", wanted.id)
    receiver.wait_for(bytes=MIB)
    receiver.hang_up()

    stage.until(wanted.id, status="paused_no_network", reason="offline")
    assert (wanted.refresh().progress.attempt, wanted.error) == (1, None)
    assert len(receiver.requests) == 1
