"""A process that writes may die at any moment; what it was told is written, is written."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from random import Random

import pytest
from sendoff import Query, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.store_sample import due_names, names, read
from sendoff_sqlite import SqliteStore

WRITING = """
import logging, sys
from pathlib import Path
from random import Random
from sendoff import Append, Insert, SaveCheckpoint, SaveNote, Toolkit, Update
from sendoff.ports.clock import SystemClock
from sendoff.testing.store_sample import happened, sample, write
from sendoff_sqlite import SqliteStore
store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=Path(sys.argv[1])))
store.open()
place = int(sys.argv[2])
while True:
    reply, *_ = write(store, Insert(sample(f"{place:05}")), Append(happened(f"{place:05}")), SaveNote(kind="count", key="all", value=place + 1))
    print("created", place, flush=True)
    write(store, Update(reply.number, 1, {"owner": "me", "epoch": 1}), SaveCheckpoint(number=reply.number, epoch=1, confirmed=place))
    print("claimed", place, flush=True)
    place += 1
"""


def store_in(folder):
    store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=folder))
    store.open()
    return store


@pytest.mark.fault(2)
def test_killed_between_any_two_writes_the_journal_holds_every_answered_commit_whole(tmp_path):
    """Twelve lives of one journal, each killed after some more answers, at whatever line it was."""
    folder, random, begun = tmp_path / "state", Random(7), 0
    for _ in range(12):
        with subprocess.Popen([sys.executable, "-c", WRITING, str(folder), str(begun)], stdout=subprocess.PIPE, text=True) as process:
            told = [process.stdout.readline().split() for _ in range(random.randrange(1, 120))]
            process.kill()
            told += [line.split() for line in process.stdout if line.endswith("\n")]

        store = store_in(folder)
        found = names(store, Query())
        count = store.note("count", ["all"])["all"].value
        created, claimed = ([int(place) for word, place in told if word == kind] for kind in ("created", "claimed"))
        assert created[-1] < count <= created[-1] + 2
        assert found == [f"{place:05}" for place in range(count)] == [event.operation for event in store.events(0, 10**6)]
        assert all(read(store, place + 1).owner == "me" for place in claimed)
        assert all((store.checkpoint(place + 1) is not None) == (read(store, place + 1).owner == "me") for place in range(begun, count))
        assert len(due_names(store, limit=10**6)) == sum(1 for record in store.find(Query(), limit=10**6).items if record.owner is None)
        store.close()
        begun = count

    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
