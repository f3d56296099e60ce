"""The contract of a transport that sees what lies unfinished is kept by an honest one and catches every broken one."""

import inspect
from dataclasses import replace
from pathlib import Path

import pytest
from sendoff.errors import Transient
from sendoff.model.destination import Destination
from sendoff.model.session import Session
from sendoff.testing.memory_transport import MemoryServer, SessionTransport, nothing_happens
from sendoff.testing.shipment import loose_toolkit
from sendoff.testing.sweeping_contract import SweepingContract
from sendoff.testing.transport_contract import Shipyard

BLOCK = 2**20


class MemoryWorld:
    """As much of a ``World`` as the contract asks for."""

    def __init__(self, kind):
        self.server = MemoryServer()
        self.transport = kind(Destination(url="session://nowhere/root/", transport="session"), {"server": self.server, "block": BLOCK}, loose_toolkit())

    def hang_up(self):
        """The next block does not arrive."""

        def cut(point, _operation):
            if point == "chunk":
                self.server.point = nothing_happens
                raise Transient("the connection broke")

        self.server.point = cut


class TestAnHonestTransport(SweepingContract):
    @pytest.fixture
    def world(self):
        return MemoryWorld(SessionTransport)


class ListsNothing(SessionTransport):
    def leftovers(self):
        return iter(())


class ListsUnderAnotherId(SessionTransport):
    def leftovers(self):
        for leftover in super().leftovers():
            yield replace(leftover, session=Session(kind=leftover.session.kind, data={"id": f"{leftover.session.data['id']}-of-mine"}))


class OnlySaysThatItRemoves(SessionTransport):
    def abort(self, leftover):
        pass


class ListsWhatHasArrived(SessionTransport):
    kept = ()

    def send(self, shipment):
        delivery = super().send(shipment)
        self.kept = (shipment.session,)
        return delivery

    def leftovers(self):
        yield from super().leftovers()
        yield from self.kept


BROKEN = [
    (ListsNothing, "what_a_broken_try_has_left_is_listed_under_the_id_that_was_recorded"),
    (ListsUnderAnotherId, "what_a_broken_try_has_left_is_listed_under_the_id_that_was_recorded"),
    (OnlySaysThatItRemoves, "what_is_listed_can_be_removed_and_is_listed_no_more"),
    (ListsWhatHasArrived, "what_has_arrived_is_not_listed"),
]


@pytest.mark.parametrize(("kind", "promise"), BROKEN, ids=lambda value: getattr(value, "__name__", None))
def test_the_contract_catches(kind, promise, tmp_path):
    world = MemoryWorld(kind)
    with Shipyard(world, Path(tmp_path)) as ship, pytest.raises(AssertionError):
        getattr(SweepingContract(), f"test_{promise}")(world, ship)


def test_every_promise_has_a_transport_that_breaks_it():
    promises = {name.removeprefix("test_") for name, _ in inspect.getmembers(SweepingContract, inspect.isfunction) if name.startswith("test_")}

    assert promises == {promise for _, promise in BROKEN}
