"""What every transport promises. Subclass ``TransportContract`` and give it a ``world``."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from sendoff.errors import (
    DriverMissing,
    Interrupted,
    InvalidArgument,
    NeedsPerson,
    Permanent,
    SendoffError,
    SessionLost,
    SourceChanged,
    Transient,
    Unreachable,
    to_json,
)
from sendoff.model.session import Session
from sendoff.testing.shipment import LooseShipment, Wallet
from sendoff.testing.world import CANARY, World, canary

SIZES = (0, 1, 4095, 4096, 65536, 256 * 1024 + 1, 2**20 - 1, 2**20, 2**20 + 1)
LARGE = 24 * 2**20  # more than all buffers between here and the server hold
OUTSIDE = ("../up", "a/../../up", "/absolute", "a\\..\\b", "nul\0", "%2e%2e/up", "a/%2E%2e", "..%2fup", "")


class Ship(LooseShipment):
    """A shipment that can be made difficult.

    most: the largest piece a read gives, or that may go out at once. granted: all that was allowed.
    ends_at: it seems to end there. no_point: the commit point cannot be had. no_record: no session can be put on disk.
    met: told the offset after a read has filled its buffer. breaks: called once, when three quarters of the source have gone out.

    Example: ``shipment.most = 1000`` lets each read give a thousand bytes at most.
    """

    met: Callable[[int], None] = staticmethod(lambda offset: None)
    breaks: Callable[[], None] = staticmethod(lambda: None)
    most: int = 2**30
    ends_at: int = 2**60
    no_point: bool = False
    no_record: bool = False
    granted: int = 0

    def allowed(self, count: int) -> int:
        """At most ``most`` bytes."""
        found = min(super().allowed(count), self.most)
        self.granted += found
        return found

    def readinto(self, buffer: memoryview, offset: int, *, paced: bool = True) -> int:
        """At most ``most`` bytes, none beyond ``ends_at``."""
        if paced and offset >= self.size * 3 // 4:
            breaks, self.breaks = self.breaks, lambda: None
            breaks()
        count = super().readinto(buffer[: max(0, min(self.most, self.ends_at - offset))], offset, paced=paced)
        self.met(offset)
        return count

    def commit_point(self) -> None:
        """Refused when that was asked for."""
        if self.no_point:
            raise Interrupted("the commit point could not be recorded")
        super().commit_point()

    def record(self, session: Session) -> None:
        """Refused when that was asked for."""
        if self.no_record:
            raise Interrupted("the session could not be recorded")
        super().record(session)


class TransportBench:
    """What the contracts of transports work with. A subclass gives the fixture ``world``, a ``sendoff.testing.world.World``."""

    @pytest.fixture
    def ship(self, world: World, tmp_path: Path) -> Any:
        """Makes a shipment of so many random bytes to a fresh name; closed in the end."""
        with Shipyard(world, tmp_path) as yard:
            yield yard


class TransportContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``.

    Example::

        class TestMyTransport(TransportContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    @pytest.mark.parametrize("size", SIZES)
    def test_bytes_arrive_unchanged_and_the_delivery_says_how_many(self, world: World, ship: Shipyard, size: int) -> None:
        shipment = ship(size)

        delivery = world.transport.send(shipment)

        assert world.landed(shipment.target) == shipment.path.read_bytes()
        assert delivery.size == size

    def test_a_source_that_reads_in_small_pieces_arrives_unchanged(self, world: World, ship: Shipyard) -> None:
        shipment = ship(100_001)
        shipment.most = 1000

        world.transport.send(shipment)

        assert world.landed(shipment.target) == shipment.path.read_bytes()

    def test_who_reads_ahead_sends_no_more_than_is_allowed(self, world: World, ship: Shipyard) -> None:
        shipment = ship(100_001)
        shipment.most = 1000

        world.transport.send(shipment)

        assert shipment.granted == (100_001 if world.transport.paces else 0)

    def test_what_the_server_was_seen_to_hold_is_confirmed_and_no_more(self, world: World, ship: Shipyard) -> None:
        shipment = ship(300_000)

        world.transport.send(shipment)

        assert shipment.confirmed[-1:] == [300_000]
        assert max(shipment.confirmed) == 300_000

    def test_an_error_of_the_source_passes_through_and_nothing_is_claimed(self, world: World, ship: Shipyard) -> None:
        shipment = ship(LARGE)
        failure = SourceChanged("changed in the middle")
        shipment.on_read = _raising(failure, at=300_000)

        with pytest.raises(SourceChanged) as caught:
            world.transport.send(shipment)

        assert caught.value is failure
        assert world.landed(shipment.target) is None
        assert LARGE not in shipment.confirmed

    def test_a_source_that_ends_early_is_an_error_and_nothing_is_claimed(self, world: World, ship: Shipyard) -> None:
        shipment = ship(2**20)
        shipment.ends_at = 500_000

        with pytest.raises(SendoffError):
            world.transport.send(shipment)

        assert world.landed(shipment.target) is None

    @pytest.mark.parametrize("size", [0, 1, 2**20])
    def test_nothing_is_completed_before_its_commit_point(self, world: World, ship: Shipyard, size: int) -> None:
        shipment = ship(size)
        shipment.no_point = True

        with pytest.raises(Interrupted):
            world.transport.send(shipment)

        assert world.landed(shipment.target) is None

    @pytest.mark.parametrize("size", [100_000, LARGE], ids=["instead of an answer", "in the middle"])
    def test_a_try_is_broken_off_within_a_second_even_when_the_server_is_silent(self, world: World, ship: Shipyard, size: int) -> None:
        shipment = ship(size)
        world.stop_reading(100_000)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(world.transport.send, shipment)
            world.arrived(100_000)
            began = time.monotonic()
            shipment.interrupt()
            try:
                with pytest.raises(Interrupted):
                    running.result(timeout=1)
            finally:
                took = time.monotonic() - began
                world.hang_up()

        assert took < 1.0
        assert world.landed(shipment.target) is None

    def test_a_try_that_was_stopped_before_it_began_sends_nothing(self, world: World, ship: Shipyard) -> None:
        shipment = ship(1000)
        shipment.interrupt()

        with pytest.raises(Interrupted):
            world.transport.send(shipment)

        assert world.landed(shipment.target) is None

    def test_a_connection_that_breaks_may_be_cured_by_waiting(self, world: World, ship: Shipyard) -> None:
        shipment = ship(LARGE)
        world.break_off(100_000)

        with pytest.raises(Transient) as caught:
            world.transport.send(shipment)

        assert not isinstance(caught.value, Unreachable)
        assert world.landed(shipment.target) is None
        assert LARGE not in shipment.confirmed

    def test_after_a_broken_connection_the_next_try_arrives(self, world: World, ship: Shipyard) -> None:
        shipment, again = ship(LARGE), ship(300_000)
        world.break_off(100_000)
        with pytest.raises(Transient):
            world.transport.send(shipment)

        world.transport.send(again)

        assert world.landed(again.target) == again.path.read_bytes()

    def test_a_place_where_nobody_listens_is_unreachable(self, world: World, ship: Shipyard) -> None:
        transport = world.nobody()

        with pytest.raises(Unreachable):
            transport.send(ship(1000, transport=transport))

    def test_a_refused_login_needs_a_person(self, world: World, ship: Shipyard) -> None:
        wallet = Wallet(canary())
        transport = world.refusing(wallet)

        with pytest.raises(NeedsPerson):
            transport.send(ship(1000, transport=transport, credentials=wallet))

    def test_no_secret_is_shown_by_errors_logs_or_the_transport(self, world: World, ship: Shipyard, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        wallet = Wallet(canary())
        transport = world.refusing(wallet)
        shown = [repr(transport), str(transport)]

        with pytest.raises(SendoffError) as caught:
            transport.send(ship(1000, transport=transport, credentials=wallet))

        shown += [repr(caught.value), str(to_json(caught.value)), caplog.text, repr(transport), str(caught.value.__cause__)]
        assert [text for text in shown if CANARY in text] == []

    @pytest.mark.parametrize("name", OUTSIDE)
    def test_no_name_leads_out_of_the_root(self, world: World, name: str) -> None:
        with pytest.raises(InvalidArgument):
            world.transport.target(PurePosixPath(name))

    @pytest.mark.parametrize("name", ["plain", "a folder/ünï code", "100%", "a?b#c", "a/b/c/d", "semi;colon", "...", "per%cent%20"])
    def test_every_other_name_arrives_under_its_own_address(self, world: World, ship: Shipyard, name: str) -> None:
        shipment = ship(10, name=name)

        world.transport.send(shipment)

        assert shipment.target == world.transport.target(PurePosixPath(name))
        assert world.named(name) == shipment.path.read_bytes()

    def test_many_threads_share_one_transport(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(50_000 + number) for number in range(32)]
        barrier = threading.Barrier(8)
        for shipment in shipments[:8]:
            shipment.met = _meeting(barrier)

        with ThreadPoolExecutor(8) as pool:
            deliveries = list(pool.map(world.transport.send, shipments))

        assert [delivery.size for delivery in deliveries] == [shipment.size for shipment in shipments]
        assert all(world.landed(shipment.target) == shipment.path.read_bytes() for shipment in shipments)

    def test_it_can_be_closed_and_used_again(self, world: World, ship: Shipyard) -> None:
        first, second = ship(1000), ship(1000)
        world.transport.send(first)
        world.transport.close()

        world.transport.send(second)

        assert world.landed(second.target) == second.path.read_bytes()

    def test_closing_does_not_disturb_a_try_that_runs(self, world: World, ship: Shipyard) -> None:
        shipment = ship(LARGE)
        half_way, closed = threading.Event(), threading.Event()

        def wait_in_the_middle(offset: int) -> None:
            if offset >= 300_000 and not half_way.is_set():
                half_way.set()
                closed.wait(20)

        shipment.on_read = wait_in_the_middle
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(world.transport.send, shipment)
            in_the_middle = half_way.wait(10)
            world.transport.close()
            closed.set()
            delivery = running.result(timeout=20)

        assert in_the_middle
        assert delivery.size == LARGE
        assert world.landed(shipment.target) == shipment.path.read_bytes()

    def test_a_session_it_does_not_know_is_never_taken_for_its_own(self, world: World, ship: Shipyard) -> None:
        shipment = ship(1000, session=Session(kind="of-nobody/1", data={"offset": 500}))

        try:
            world.transport.send(shipment)
        except (SessionLost, Permanent, DriverMissing):
            return
        assert world.landed(shipment.target) == shipment.path.read_bytes()


class Shipyard:
    """Makes shipments of random bytes for one test.

    Example::

        def test_it_arrives(self, world, ship):
            shipment = ship(1000)
            world.transport.send(shipment)
            assert world.landed(shipment.target) == shipment.path.read_bytes()
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._folder = world, folder
        self._made: list[Ship] = []

    def __call__(self, size: int, *, name: str | None = None, transport: Any = None, **words: Any) -> Ship:
        """A shipment of so many bytes, to the world's transport unless another is given."""
        number = len(self._made)
        path = self._folder / f"source-{number}"
        path.write_bytes(some_bytes(size))
        chosen, below = transport or self._world.transport, PurePosixPath(name or f"things/{number}")
        shipment = Ship(path=path, target=chosen.target(below), root=chosen.destination.url, name=below, **words)
        self._made.append(shipment)
        return shipment

    def broken_off(self) -> Ship:
        """A shipment of ``LARGE`` bytes whose connection broke once three quarters of it had been read."""
        shipment = self(LARGE)
        shipment.breaks = self._world.hang_up
        with pytest.raises(Transient):
            self._world.transport.send(shipment)
        return shipment

    def again(self, shipment: Ship, session: Session | None) -> Ship:
        """The same source to the same target, as another process begins with what is on record."""
        other = Ship(path=shipment.path, target=shipment.target, root=shipment.root, name=shipment.name, session=session, furthest=None)
        self._made.append(other)
        return other

    def __enter__(self) -> Shipyard:
        return self

    def __exit__(self, *_: object) -> None:
        for shipment in self._made:
            shipment.close()


def some_bytes(size: int) -> bytes:
    """So many bytes, others each time, of which no two mebibytes on even places are alike."""
    period = os.urandom(min(size, 2**20 - 3))  # making all of them at random would take longer than sending them
    return (period * (size // max(len(period), 1) + 1))[:size]


def _raising(error: SendoffError, *, at: int) -> Callable[[int], None]:
    def look(offset: int) -> None:
        if offset >= at:
            raise error

    return look


def _meeting(barrier: threading.Barrier) -> Callable[[int], None]:
    """Waits until all have read their first piece and none has sent it; a transport that lets fewer run at once is not waited for long."""

    def meet(offset: int) -> None:
        if offset == 0:
            with suppress(threading.BrokenBarrierError):
                barrier.wait(2)

    return meet
