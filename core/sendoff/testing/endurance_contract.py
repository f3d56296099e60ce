"""What every store promises that outlives its process: a kill between two writes, and a long queue. Subclass; give it a ``store``."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import islice
from random import Random
from typing import ClassVar

import pytest

from sendoff.model.change import Append, Change, Insert
from sendoff.model.query import Query
from sendoff.ports.store import Store
from sendoff.testing.store_sample import LANE, NOW, due_names, happened, sample, walk

WRITING = """
import sys
from sendoff.model.change import Append, Insert, SaveCheckpoint, SaveNote, Update
from sendoff.testing.store_sample import happened, sample, write
place = int(sys.argv[1])
while True:
    reply, *_ = write(store, Insert(sample(f"{place:05}")), Append(happened(f"{place:05}")), SaveNote(kind="count", key="all", value=place + 1))
    print("created", place, flush=True)
    write(store, Update(reply.number, 1, {"owner": "me", "epoch": 1}), SaveCheckpoint(number=reply.number, epoch=1, confirmed=place))
    print("claimed", place, flush=True)
    place += 1
"""


class KilledStoreContract:
    """Killed between any two writes, it holds every answered commit whole. Provide ``store``, a new journal, and ``elsewhere``.

    lives: how often it is killed.
    Example of ``elsewhere``: ``"from my_store import made; store = made('/tmp/x'); store.open()"``.
    """

    lives: ClassVar[int] = 4

    @pytest.fixture
    def elsewhere(self) -> str:
        """Lines of Python that open the journal of ``store`` in a process of their own, and call it ``store``."""
        raise pytest.UsageError("this contract needs the fixture `elsewhere`: lines of Python that open the journal as `store` in another process")

    def test_killed_between_any_two_writes_every_answered_commit_is_there_whole(self, store: Store, elsewhere: str) -> None:
        random, begun = Random(7), 0
        for _ in range(self.lives):
            told = _killed(elsewhere, begun, random.randrange(1, 60))
            store.open()
            found, count = list(walk(store, Query())), store.note("count", ["all"])["all"].value
            created, claimed = ([place for word, place in told if word == kind] for kind in ("created", "claimed"))
            assert created[-1] < count <= created[-1] + 2
            assert [record.id for record in found] == [f"{place:05}" for place in range(count)]
            assert [event.operation for event in store.events(0, 10**6)] == [record.id for record in found]
            assert all(found[place].owner == "me" for place in claimed)
            assert all((store.checkpoint(record.number) is not None) == (record.owner == "me") for record in found)
            begun = count


class ManyRowsContract:
    """A queue of a million delays nobody and fits anywhere. Provide ``store``, a new journal. Heavy: mark it so.

    rows: how long the queue is. soon: seconds within which the first is found.

    Example::

        @pytest.mark.campaign
        class TestManyRows(ManyRowsContract):
            soon = 0.1
    """

    rows: ClassVar[int] = 1_000_000
    soon: ClassVar[float] = 0.05

    def test_behind_a_long_queue_the_first_of_it_and_of_another_lane_are_found_at_once(self, store: Store) -> None:
        for first in range(0, self.rows, 10_000):
            units: list[list[Change]] = [[Insert(sample(f"{place:07}")), Append(happened(f"{place:07}"))] for place in range(first, first + 10_000)]
            store.commit(units, synced=False)
        store.commit([[Insert(sample("other", lane="another"))]], synced=True)
        store.close()
        store.open()

        began = time.monotonic()
        lanes, mine, others = [lane.key for lane in store.lanes(NOW).items], store.due(LANE, NOW, 1), due_names(store, lane="another")
        took = time.monotonic() - began

        assert (sorted(lanes), [record.id for record in mine], others) == (sorted([LANE, "another"]), ["0000000"], ["other"])
        assert took < self.soon, f"it took {took:.3f} s"
        assert [record.id for record in islice(walk(store, Query()), 3)] == ["0000000", "0000001", "0000002"]


def _killed(elsewhere: str, begun: int, answers: int) -> list[tuple[str, int]]:
    """What a process was told of its commits, which was killed after so many answers."""
    with subprocess.Popen([sys.executable, "-c", elsewhere + WRITING, str(begun)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = list(islice(process.stdout, answers))
        process.kill()
        told += [line for line in process.stdout if line.endswith("\n")]
    assert len(told) >= answers, "the process that writes died by itself; what it said is above"
    return [(word, int(place)) for word, place in map(str.split, told)]
