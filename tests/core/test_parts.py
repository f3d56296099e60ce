"""A transport that sends parts here and there: what the server has of them counts, whichever they are, over breaks, owners and a moved source."""

import os
import shutil

import pytest
from sendoff.errors import Transient
from sendoff.model.delivery import Delivery
from sendoff.model.session import Session
from sendoff.model.target import Target
from sendoff.ports.transport import Transport

from tests.core.owned import QUICK, Owned, eventually

PART, COUNT = 1000, 10
CONTENT = os.urandom(PART * COUNT)


class PartServer:
    """Parts by number, and the numbers as they came. breaks: before which number the connection breaks, asked at each. barrier: none below comes through."""

    def __init__(self):
        self.parts, self.came, self.breaks, self.barrier, self.made = {}, [], iter(()), None, 0

    def body(self):
        return b"".join(self.parts[number] for number in sorted(self.parts))


class PartTransport(Transport):
    """Sends the last part first, and only those that the server lacks."""

    schemes = ("parts",)
    compares = True

    def target(self, name):
        return Target(self.destination.url + str(name))

    def send(self, shipment):
        server = self.settings["server"]
        if shipment.session is None:
            server.made += 1
            shipment.record(Session(kind="parts/1", data={"id": "1"}))
        else:
            server.parts = {number: data for number, data in server.parts.items() if data == self.read(shipment, number, paced=False)}
            shipment.confirm(sum(map(len, server.parts.values())))
        for number in reversed(range(COUNT)):
            if number not in server.parts:
                if next(server.breaks, None) == number or number == server.barrier:
                    raise Transient("the connection broke")
                server.parts[number] = self.read(shipment, number)
                server.came.append(number)
                shipment.confirm(sum(map(len, server.parts.values())))
        shipment.record(Session(kind="parts/1", data={"id": "1", "completing": True}))
        if next(server.breaks, None) == "end":
            raise Transient("the answer was lost")
        return Delivery(url=shipment.target.url, size=shipment.size)

    @staticmethod
    def read(shipment, number, *, paced=True):
        block = bytearray(PART)
        assert shipment.readinto(memoryview(block), number * PART, paced=paced) == PART
        return bytes(block)


@pytest.fixture
def server():
    return PartServer()


@pytest.fixture
def owned(tmp_path, server):
    with Owned(tmp_path, config=QUICK, own={("transports", "parts"): (PartTransport, lambda _: {"server": server})}) as made:
        yield made


def test_no_part_is_sent_twice_however_often_it_breaks(owned, server):
    server.breaks = iter([*range(9, 6, -1), *[None] * 7, "end"])
    id = owned.put(owned.file("a.bin", CONTENT), "parts://10.0.0.1/a")

    owned.done(id)

    assert (server.body(), sorted(server.came), server.made) == (CONTENT, list(range(COUNT)), 1)
    assert owned.view(id)["receipt"]["bytes_resent"] == 0


def test_the_next_owner_goes_on_with_what_is_missing_in_front(owned, server):
    server.breaks = iter([None, None, None, 6])
    id = owned.put(owned.file("a.bin", CONTENT), "parts://10.0.0.1/a")
    eventually(lambda: "attempt_failed" in owned.types(id))
    owned.reopen()

    owned.done(id)

    assert (server.body(), sorted(server.came), server.made) == (CONTENT, list(range(COUNT)), 1)


def stopped_in_the_middle(owned, server):
    server.barrier = 6
    source = owned.file("a.bin", CONTENT)
    id = owned.put(source, "parts://10.0.0.1/a")
    eventually(lambda: "attempt_failed" in owned.types(id))
    owned.order("pause", id)
    owned.until(id, "paused_by_application")
    server.barrier = None
    return id, source


def exchanged(source, content):
    """Another file under the same name, of the same size and time."""
    other = source.with_name("other")
    other.write_bytes(content)
    shutil.copystat(source, other)
    other.replace(source)


def test_a_moved_source_goes_on_and_its_parts_are_compared(owned, server):
    id, source = stopped_in_the_middle(owned, server)
    had = list(server.came)
    exchanged(source, CONTENT)

    owned.order("resume", id)
    owned.done(id)

    assert (server.body(), server.made) == (CONTENT, 1)
    assert not set(had) & set(server.came[len(had) :]), "a part that agreed was sent again"


def test_of_a_moved_source_with_other_bytes_nothing_is_mixed(owned, server):
    id, source = stopped_in_the_middle(owned, server)
    other = os.urandom(len(CONTENT) // 2) + CONTENT[len(CONTENT) // 2 :]
    exchanged(source, other)

    owned.order("resume", id)
    owned.done(id)

    assert server.body() == other
