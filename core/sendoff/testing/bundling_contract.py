"""What every transport promises that carries several small ones in one run. Subclass ``BundlingContract`` and give it a ``world``."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest

from sendoff.errors import Interrupted, NeedsPerson, SendoffError, SourceChanged, Transient, Unreachable
from sendoff.model.delivery import Delivery
from sendoff.ports.transport import Bundling, Transport
from sendoff.testing.shipment import LooseShipments, Wallet
from sendoff.testing.transport_contract import Ship, Shipyard, TransportBench
from sendoff.testing.world import World, canary

SIZES = (1, 0, 4095, 70_000, 16_384, 256 * 1024, 3)
PIECE = 100_000
Results = Mapping[Ship, Delivery | SendoffError]


class BundlingContract(TransportBench):
    """The promises, one a test. A subclass gives the fixture ``world``, as of ``TransportContract``.

    Example::

        class TestMyTransport(BundlingContract):
            @pytest.fixture
            def world(self, tmp_path):
                world = MyWorld(tmp_path)
                yield world
                world.close()
    """

    def test_each_arrives_unchanged_and_is_told_once(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(size) for size in SIZES]

        told = _told(world, shipments)

        assert sorted(shipments.index(shipment) for shipment, _ in told) == list(range(len(SIZES)))
        assert [_size(result) for _, result in told] == [shipment.size for shipment, _ in told]
        assert all(_landed(world, shipment) for shipment in shipments)

    def test_what_the_server_was_seen_to_hold_is_confirmed(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(size) for size in SIZES]

        _told(world, shipments)

        assert [max(shipment.confirmed, default=None) for shipment in shipments] == list(SIZES)

    def test_a_source_that_reads_in_small_pieces_arrives_unchanged(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(size) for size in (10_001, 5000, 7)]
        for shipment in shipments:
            shipment.most = 1000

        _told(world, shipments)

        assert all(_landed(world, shipment) for shipment in shipments)

    def test_an_error_of_one_source_is_its_own_and_the_others_arrive(self, world: World, ship: Shipyard) -> None:
        before, bad, after = ship(1000), ship(2000), ship(3000)
        failure = SourceChanged("changed in the middle")
        bad.on_read = _raise(failure)

        results = _results(world, [before, bad, after])

        assert results[bad] is failure
        assert (_landed(world, before), world.landed(bad.target), _landed(world, after)) == (True, None, True)

    def test_a_source_that_ends_early_is_its_own_error_and_the_others_arrive(self, world: World, ship: Shipyard) -> None:
        before, bad, after = ship(1000), ship(200_000), ship(3000)
        bad.ends_at = 150_000

        results = _results(world, [before, bad, after])

        assert isinstance(results[bad], SendoffError)
        assert (_landed(world, before), world.landed(bad.target), _landed(world, after)) == (True, None, True)

    def test_one_that_was_stopped_before_does_not_stop_the_others(self, world: World, ship: Shipyard) -> None:
        before, stopped, after = ship(1000), ship(2000), ship(3000)
        stopped.interrupt()

        results = _results(world, [before, stopped, after])

        assert isinstance(results[stopped], Interrupted)
        assert (_landed(world, before), world.landed(stopped.target), _landed(world, after)) == (True, None, True)

    def test_one_that_is_stopped_in_the_middle_does_not_stop_the_others(self, world: World, ship: Shipyard) -> None:
        before, stopped, after = ship(1000), ship(200_000), ship(3000)
        stopped.most = 50_000
        stopped.on_read = lambda offset: stopped.interrupt() if offset >= PIECE else None

        results = _results(world, [before, stopped, after])

        assert isinstance(results[stopped], Interrupted)
        assert (_landed(world, before), world.landed(stopped.target), _landed(world, after)) == (True, None, True)

    def test_none_is_completed_before_its_commit_point(self, world: World, ship: Shipyard) -> None:
        before, empty, held, after = ship(1000), ship(0), ship(2000), ship(3000)
        empty.no_point = held.no_point = True

        results = _results(world, [before, empty, held, after])

        assert isinstance(results[held], Interrupted) and isinstance(results[empty], Interrupted)
        assert (world.landed(held.target), world.landed(empty.target)) == (None, None)
        assert _landed(world, before) and _landed(world, after)

    def test_all_that_were_stopped_come_back_within_a_second_even_when_the_server_is_silent(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(PIECE) for _ in range(4)]
        world.stop_reading(PIECE // 2)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(_broken_run, world.transport, shipments)
            world.arrived(PIECE // 2)
            began = time.monotonic()
            for shipment in shipments:
                shipment.interrupt()
            try:
                results, raised = running.result(timeout=2)
            finally:
                took = time.monotonic() - began
                world.hang_up()

        assert took < 1.0
        assert all(isinstance(result, Interrupted) for result in results.values())
        assert raised is None or isinstance(raised, Interrupted)
        assert [shipment for shipment in shipments if world.landed(shipment.target) is not None] == []

    def test_when_the_connection_breaks_who_has_begun_is_told_and_who_is_not_told_has_not_begun(self, world: World, ship: Shipyard) -> None:
        shipments = [ship(PIECE) for _ in range(12)]
        world.break_off(PIECE // 2)

        results, raised = _broken_run(world.transport, shipments)

        broken = [shipment for shipment, result in results.items() if not isinstance(result, Delivery)]
        assert raised is None
        assert broken and all(isinstance(results[shipment], Transient) and not isinstance(results[shipment], Unreachable) for shipment in broken)
        assert [shipment.read for shipment in shipments if shipment not in results] == [0] * (len(shipments) - len(results))
        assert all(_landed(world, shipment) for shipment in results if shipment not in broken)
        assert [shipment for shipment in shipments if shipment not in results and world.landed(shipment.target) is not None] == []

    def test_after_a_broken_connection_the_next_run_arrives(self, world: World, ship: Shipyard) -> None:
        shipments, again = [ship(PIECE) for _ in range(4)], [ship(1000), ship(2000)]
        world.break_off(PIECE // 2)
        _broken_run(world.transport, shipments)

        _told(world, again)

        assert all(_landed(world, shipment) for shipment in again)

    def test_a_place_where_nobody_listens_is_unreachable_and_nothing_has_begun(self, world: World, ship: Shipyard) -> None:
        transport = world.nobody()
        shipments = [ship(1000, transport=transport) for _ in range(3)]

        with pytest.raises(Unreachable):
            list(cast(Bundling, transport).send_bundle(LooseShipments(*shipments)))

        assert [shipment.read for shipment in shipments] == [0, 0, 0]

    def test_a_refused_login_needs_a_person(self, world: World, ship: Shipyard) -> None:
        wallet = Wallet(canary())
        transport = world.refusing(wallet)
        shipments = [ship(1000, transport=transport, credentials=wallet) for _ in range(3)]

        results, raised = _broken_run(transport, shipments)

        said = [*results.values(), *([raised] if raised else [])]
        assert said and all(isinstance(one, NeedsPerson) for one in said)


def _told(world: World, shipments: Iterable[Ship]) -> list[tuple[Ship, Delivery | SendoffError]]:
    assert isinstance(world.transport, Bundling)
    told = [one for one in world.transport.send_bundle(LooseShipments(*shipments)) if one is not None]
    return cast("list[tuple[Ship, Delivery | SendoffError]]", told)


def _results(world: World, shipments: Iterable[Ship]) -> Results:
    return dict(_told(world, shipments))


def _broken_run(transport: Transport, shipments: Iterable[Ship]) -> tuple[Results, SendoffError | None]:
    """What was told until the run ended, and what it raised in the end."""
    results: dict[Ship, Delivery | SendoffError] = {}
    assert isinstance(transport, Bundling)
    try:
        for told in transport.send_bundle(LooseShipments(*shipments)):
            if told is not None:
                results[cast(Ship, told[0])] = told[1]
    except SendoffError as error:
        return results, error
    return results, None


def _landed(world: World, shipment: Ship) -> bool:
    return world.landed(shipment.target) == shipment.path.read_bytes()


def _size(result: Delivery | SendoffError) -> int:
    assert isinstance(result, Delivery), result
    return result.size


def _raise(error: SendoffError) -> Any:
    def look(_offset: int) -> None:
        raise error

    return look
