"""A commit whose answer was lost: what became of it is found out, and nothing is written twice."""

import pytest
import sendoff_postgres.store
from sendoff import Append, Insert, JournalFull, Query, StoreRefused
from sendoff.testing.store_sample import create, happened, names, sample

from contrib.stores.postgres.tests.database import store_in
from contrib.stores.postgres.tests.gate import gate_to

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]
WRITTEN = "said only where it is written"


@pytest.fixture
def gate(database):
    with gate_to(database.port) as made:
        yield made


@pytest.fixture
def store(database, gate, schema, tmp_path):
    """A store whose way to the server is the gate."""
    made = store_in(tmp_path / "state", database.settings(dsn=database.dsn.replace(str(database.port), str(gate.port)), schema=schema, connect_timeout=2))
    made.open()
    yield made
    made.close()


@pytest.mark.parametrize("arrives", [True, False], ids=["the answer", "the commit"])
def test_what_was_lost_in_a_commit_is_not_seen_by_whoever_commits_and_is_there_once(store, gate, arrives):
    before = create(store, "before")
    gate.lose(WRITTEN.encode(), arrives=arrives)

    replies = store.commit([[Insert(sample("lost on the way")), Append(happened(WRITTEN))], [Insert(sample("before"))]], synced=True)

    assert gate.lost.is_set()
    assert [[one.refused for one in unit] for unit in replies] == [[None, None], ["id"]]
    assert [replies[0][0].number, replies[0][1].seq] == [before + 1, 2]
    assert names(store, Query()) == ["before", "lost on the way"]
    assert [(event.seq, event.operation) for event in store.events(0, 10)] == [(1, "before"), (2, WRITTEN)]
    assert create(store, "after") == before + 2


@pytest.mark.parametrize("arrives", [True, False], ids=["the answer", "the commit"])
def test_where_the_server_stays_away_the_error_says_so_and_the_truth_is_read_later(store, gate, arrives, monkeypatch):
    monkeypatch.setattr(sendoff_postgres.store, "_OUTCOME", 0.5)
    gate.lose(WRITTEN.encode(), arrives=arrives, shut=True)

    with pytest.raises(StoreRefused, match=r"does not answer.*; whether this was stored is not known") as refused:
        store.commit([[Insert(sample("lost on the way")), Append(happened(WRITTEN))]], synced=True)

    assert "sendoff list --all" in refused.value.hint
    gate.shut = False
    (reply,), _ = store.commit([[Insert(sample("lost on the way"))], [Append(happened("after"))]], synced=True)
    assert reply.refused == ("id" if arrives else None)
    assert names(store, Query()) == ["lost on the way"]
    assert [event.operation for event in store.events(0, 10)] == ([WRITTEN, "after"] if arrives else ["after"])


def test_another_process_may_write_in_between(store, gate, database, schema, tmp_path, monkeypatch):
    """What the last commit of this process was is told from what others have written since."""
    other = store_in(tmp_path / "other", database.settings(schema=schema))
    other.open()
    create(other, "other")
    gate.lose(WRITTEN.encode(), arrives=True)
    plain = store._connections._take

    def take():
        if gate.lost.is_set() and "meanwhile" not in names(other, Query()):
            create(other, "meanwhile")
        return plain()

    monkeypatch.setattr(store._connections, "_take", take)
    ((reply, event),) = store.commit([[Insert(sample("lost on the way")), Append(happened(WRITTEN))]], synced=True)

    assert (reply.refused, reply.number, event.seq) == (None, 2, 2)
    assert names(store, Query()) == ["other", "lost on the way", "meanwhile"]
    assert [event.operation for event in store.events(0, 10)] == ["other", WRITTEN, "meanwhile"]
    monkeypatch.undo()
    other.close()


def test_a_connection_that_the_server_has_ended_is_replaced_unseen(store, database):
    create(store, "one")
    with database.connect() as connection:
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'sendoff' and pid <> pg_backend_pid()")

    assert names(store, Query()) == ["one"]
    create(store, "two")
    assert names(store, Query()) == ["one", "two"]


def test_a_disk_of_the_server_that_is_full_is_told_as_such_and_nothing_of_the_commit_is_left(store, database, schema):
    """The server's own word for it (53100), said where it would say so."""
    create(store, "before")
    with database.connect(options=f"-csearch_path={schema}") as connection:
        connection.execute(
            "create function full_disk() returns trigger language plpgsql as "
            "$$ begin raise 'could not extend file: No space left on device' using errcode = 'disk_full'; end $$; "
            "create trigger full_disk before insert on event for each row execute function full_disk()"
        )
        with pytest.raises(JournalFull, match="No space left on device"):
            store.commit([[Insert(sample("one"))], [Insert(sample("two")), Append(happened("two"))]], synced=True)
        assert names(store, Query()) == ["before"]
        connection.execute("drop trigger full_disk on event")

    assert create(store, "one") == 2
