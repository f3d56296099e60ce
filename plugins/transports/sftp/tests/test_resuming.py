"""Going on where an earlier try came to: what is relied on is looked at first, and that is not counted as sent."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sendoff import Demand, SessionLost, Transient

pytestmark = pytest.mark.needs_server
MIB = 2**20
SIZE, BREAK = 16 * MIB, 12 * MIB


@pytest.fixture
def broken(openssh_world, ship):
    """Makes a shipment that broke off after most of it was recorded as being there, and its transport."""

    def made(**words):
        transport = openssh_world.to()
        shipment = ship(transport, SIZE, **words)

        def read(offset):
            transport.toolkit.clock.ahead += 2  # at each second what is there is recorded
            if offset >= BREAK:
                raise Transient("broken")

        shipment.on_read = read
        with pytest.raises(Transient):
            transport.send(shipment)
        let_go(part_of(openssh_world))
        shipment.on_read, shipment.given = lambda offset: None, 0
        assert shipment.session.data["at"] >= 4 * MIB
        return transport, shipment

    return made


def let_go(part):
    """The server still writes what was under way when the connection ended, and tells nobody when it is done."""
    for _ in range(2000):
        if not any(opened == str(part) for opened in open_files()):
            return
        threading.Event().wait(0.005)
    raise TimeoutError(f"{part} is still open")


def open_files():
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):
            yield str(link.readlink())


def part_of(world):
    (part,) = (world.server.root / "in").iterdir()
    return part


def spoil(part, at):
    with part.open("r+b") as file:
        file.seek(at)
        file.write(b"spoiled!")


@pytest.mark.fault(44)
def test_the_last_mebibyte_is_fetched_and_compared_and_counts_as_received(openssh_world, broken):
    transport, shipment = broken()
    there = shipment.session.data["at"]
    sent, received = openssh_world.proxy.sent, openssh_world.proxy.answered

    transport.send(shipment)

    assert shipment.given == SIZE - there
    assert SIZE - there <= openssh_world.proxy.sent - sent < (SIZE - there) * 1.03
    assert MIB <= openssh_world.proxy.answered - received < 1.5 * MIB
    assert openssh_world.landed(shipment.target) == shipment.path.read_bytes()


def test_for_read_back_all_of_it_is_compared_once(openssh_world, broken):
    transport, shipment = broken(demand=Demand(verify="read-back"))
    received = openssh_world.proxy.answered

    delivery = transport.send(shipment)

    assert delivery.verified == "read-back"
    assert SIZE <= openssh_world.proxy.answered - received < SIZE * 1.05


@pytest.mark.fault(64)
@pytest.mark.parametrize(("verify", "at"), [("auto", -10), ("read-back", -10), ("read-back", -3 * MIB), ("read-back", None)])
def test_other_bytes_than_were_sent_are_not_gone_on_with(openssh_world, broken, verify, at):
    transport, shipment = broken(demand=Demand(verify=verify))
    spoil(part_of(openssh_world), 0 if at is None else shipment.session.data["at"] + at)

    with pytest.raises(SessionLost, match="holds other bytes than were sent"):
        transport.send(shipment)

    assert list((openssh_world.server.root / "in").iterdir()) == []


@pytest.mark.fault(66)
def test_a_server_that_has_lost_what_it_acknowledged_gets_it_again(openssh_world, broken):
    """After a power cut at the server, for instance."""
    transport, shipment = broken()
    part = part_of(openssh_world)
    with part.open("r+b") as file:
        file.truncate(3 * MIB)

    transport.send(shipment)

    assert shipment.given == SIZE - 3 * MIB
    assert openssh_world.landed(shipment.target) == shipment.path.read_bytes()


def test_what_is_there_is_put_on_disk_before_it_is_recorded(openssh_world, ship):
    """fsync@openssh.com comes first: the record never runs ahead of what a power cut at the server leaves."""
    transport = openssh_world.to()
    shipment = ship(transport, 8 * MIB)
    seen = []

    def read(offset):
        transport.toolkit.clock.ahead += 2
        seen.append((shipment.session.data["at"], part_of(openssh_world).stat().st_size))

    shipment.on_read = read
    transport.send(shipment)

    assert any(recorded for recorded, _ in seen)
    assert all(recorded <= size for recorded, size in seen)
