"""A huge backlog never delays another lane, over the real store; and a black hole never delays a real upload."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from random import Random

import pytest
from sendoff.bootstrap import build
from sendoff.drivers import Drivers
from sendoff.model.change import Insert, Unit
from sendoff.model.configuration import Configuration
from sendoff.model.identifier import Identifiers
from sendoff.model.operation import Record, Request
from sendoff.model.query import Query
from sendoff.model.status import TransferStatus
from sendoff.ports.clock import SystemClock
from sendoff.ports.store import Store
from sendoff.ports.toolkit import Toolkit
from sendoff.runtime.announcer import Announcer
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.journal import Journal
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.signals import Queued
from sendoff.testing.receiver import Receiver

from tests.core.records import waiting
from tests.simulation.process import Hearing

pytest.importorskip("sendoff_sqlite")


def opened(folder: Path) -> Store:
    drivers = Drivers()
    toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=folder)
    store: Store = drivers.load("stores", "sqlite")(drivers.settings("stores", "sqlite", {}), toolkit)
    store.open()
    return store


def backlog(now: int) -> Iterator[Record]:
    """Operations of lane A, as many as one likes, then one of lane B."""
    identifiers = Identifiers(Random(1))
    basis = waiting(TransferStatus.IDLE, due=now, reason="queued", lane="1|0|1||a", target=None)
    for number in count():
        yield replace(basis, id=identifiers.new(now // 1000 + number), number=0)


def fill(store: Store, rows: int, now: int) -> None:
    waiting_rows = backlog(now)
    for start in range(0, rows, 2000):
        some = islice(waiting_rows, min(2000, rows - start))
        units: list[Unit] = [[Insert(record)] for record in some]
        store.commit(units, synced=False)
    last = replace(next(waiting_rows), id="the-one-of-b", lane="1|0|1||b")
    store.commit([[Insert(last)]], synced=True)


def first_round(folder: Path, rows: int) -> tuple[list[str], float]:
    """The lanes that get a slot in the first step after the journal was opened, and how long that took."""
    folder.mkdir(mode=0o700)
    clock = SystemClock()
    store = opened(folder)
    fill(store, rows, clock.steady() - 1)
    store.close()
    began = time.perf_counter()
    store = opened(folder)
    conductor = Conductor(Ledger(Journal(store), clock, Announcer(Hearing())), configuration=Configuration, random=Random(1))
    orders = conductor.step([Queued()], clock.steady())
    passed = time.perf_counter() - began
    store.close()
    return [ticket.record.lane[-1] for ticket in orders.starts], passed


def test_one_operation_behind_twenty_thousand_of_another_lane_starts_in_the_first_round(tmp_path: Path) -> None:
    lanes, _ = first_round(tmp_path / "state", 20_000)

    assert sorted(lanes) == ["a", "b"]


@pytest.mark.campaign
def test_one_operation_behind_a_million_of_another_lane_starts_in_the_first_round(tmp_path: Path, say: Callable[[str], None]) -> None:
    lanes, passed = first_round(tmp_path / "state", 1_000_000)

    assert sorted(lanes) == ["a", "b"]
    say(f"one behind a million of another lane: both started {passed * 1000:.1f} ms after the journal was opened")


def test_behind_a_hundred_to_a_black_hole_another_upload_goes_out_at_once(tmp_path: Path, say: Callable[[str], None]) -> None:
    source = tmp_path / "a.bin"
    source.write_bytes(b"x" * 1000)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    with socket.socket() as hole, Receiver(tmp_path / "landed") as receiver:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        owner = build(folder=state, config_file=tmp_path / "configuration" / "sendoff.toml", environ={})
        owner.open()
        try:
            black = f"http://127.0.0.1:{hole.getsockname()[1]}"
            requests = [Request(source=str(source), destination=f"{black}/{number}") for number in range(100)]
            began = time.monotonic()
            created = list(owner.create([*requests, Request(source=str(source), destination=f"{receiver.url}good")]))
            done = next(event for event in owner.follow(Query(ids=(created[-1].id,), types=("completed",)), after=0) if event is not None)
            passed = time.monotonic() - began
        finally:
            owner.close(2.0)

    assert done.type == "completed"
    assert passed < 30, "it waited for the black hole"
    say(f"behind a hundred to a black hole: complete {passed:.2f} s after the put")
