"""Whoever writes may die at any moment, and so may the server; what was told to be written is written, once."""

import subprocess
import sys
from random import Random
from threading import Event, Thread

import pytest
from sendoff import Append, Insert, Query, SaveCheckpoint, SaveNote, Update
from sendoff.testing.store_sample import due_names, happened, names, read, sample, write

from contrib.stores.postgres.tests.database import Postgres, store_in

pytestmark = pytest.mark.needs_server

WRITING = """
import sys
from pathlib import Path
from contrib.stores.postgres.tests.database import store_in
from sendoff import Append, Insert, SaveCheckpoint, SaveNote, Update
from sendoff.testing.store_sample import happened, sample, write
from sendoff_postgres import PostgresSettings
store = store_in(Path(sys.argv[1]), PostgresSettings(dsn=sys.argv[2], schema=sys.argv[3]))
store.open()
place = int(sys.argv[4])
while True:
    reply, *_ = write(store, Insert(sample(f"{place:05}")), Append(happened(f"{place:05}")), SaveNote(kind="count", key="all", value=place + 1))
    print("created", place, flush=True)
    write(store, Update(reply.number, 1, {"owner": "me", "epoch": 1}), SaveCheckpoint(number=reply.number, epoch=1, confirmed=place))
    print("claimed", place, flush=True)
    place += 1
"""


@pytest.mark.campaign
@pytest.mark.fault(2)
def test_killed_between_any_two_writes_the_journal_holds_every_answered_commit_whole(database, schema, tmp_path):
    """Six lives of one journal, each killed after some more answers, at whatever line it was."""
    random, begun = Random(7), 0
    for _ in range(6):
        words = [sys.executable, "-c", WRITING, str(tmp_path / "state"), database.dsn, schema, str(begun)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
            told = [process.stdout.readline().split() for _ in range(random.randrange(1, 120))]
            process.kill()
            told += [line.split() for line in process.stdout if line.endswith("\n")]

        store = store_in(tmp_path / "state", database.settings(schema=schema))
        store.open()
        write(store, SaveNote(kind="after", key="all", value=1))  # whatever the dead one was at has ended, one way or the other
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


@pytest.mark.campaign
@pytest.mark.fault(2)
def test_a_server_that_is_killed_and_comes_back_costs_whoever_writes_nothing_but_time(tmp_path):
    """Three crashes of the server in mid-work: no commit fails, each is there whole and once, and none that was answered is gone."""
    with Postgres(tmp_path / "postgres") as server:
        store = store_in(tmp_path / "state", server.settings(connect_timeout=60))
        store.open()
        answered, reached, done = [], Event(), Event()

        def work():
            while not done.is_set():
                place = len(answered)
                reply, *_ = write(store, Insert(sample(f"{place:05}")), Append(happened(f"{place:05}")), SaveNote(kind="count", key="all", value=place + 1))
                claim = [Update(reply.number, 1, {"owner": "me", "epoch": 1}), SaveCheckpoint(number=reply.number, epoch=1, confirmed=place)]
                answered.append((reply.number, store.commit([claim], synced=False)[0][0].refused))  # as a host does; what it knows it must go on knowing
                if len(answered) % 40 == 0:
                    reached.set()

        worker = Thread(target=work)
        worker.start()
        for _ in range(3):
            reached.clear()
            assert reached.wait(60)
            server.kill()
            server.open()
        reached.clear()
        assert reached.wait(60)
        done.set()
        worker.join(60)

        assert not worker.is_alive()
        assert answered == [(place + 1, None) for place in range(len(answered))]
        assert names(store, Query()) == [f"{place:05}" for place in range(len(answered))] == [event.operation for event in store.events(0, 10**6)]
        assert [event.seq for event in store.events(0, 10**6)] == list(range(1, len(answered) + 1))
        assert names(store, Query(claimed=True)) == names(store, Query())
        assert store.note("count", ["all"])["all"].value == len(answered)
        store.close()


def test_a_process_that_is_stopped_in_mid_commit_holds_up_the_others_for_a_moment_only(database, schema, tmp_path, monkeypatch):
    """Whoever holds the lock and does nothing loses it; what it says later is refused, with the rest of its transaction."""
    monkeypatch.setattr("sendoff_postgres.connection.IDLE", 1.0)
    one, other = (store_in(tmp_path / name, database.settings(schema=schema)) for name in ("one", "other"))
    one.open()
    other.open()
    held, on = Event(), Event()
    plain = one._connections.run

    def stopped_once(ask, **more):
        def stop(connection):
            if not held.is_set():
                connection.execute("begin")
                connection.execute("select * from counter for update")
                held.set()
                assert on.wait(30)
            return ask(connection)

        return plain(stop, **more)

    monkeypatch.setattr(one._connections, "run", stopped_once)
    late = Thread(target=lambda: write(one, Insert(sample("late"))))
    late.start()
    assert held.wait(30)

    write(other, Insert(sample("other")))
    on.set()
    late.join(30)

    assert names(other, Query()) == ["other", "late"]
    monkeypatch.undo()
    one.close()
    other.close()
