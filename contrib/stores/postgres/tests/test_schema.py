"""The journal's place in the database: how it is made, what is refused, and that nothing of what is refused is touched."""

import os
import subprocess
import sys

import psycopg
import pytest
import sendoff_postgres.schema
from sendoff import Append, Insert, Query, StoreRefused
from sendoff.testing.store_sample import create, happened, names, sample
from sendoff_postgres.statements import migrations

from contrib.stores.postgres.tests.database import PASSWORD, store_in

pytestmark = pytest.mark.needs_server

OPENING = """
import sys
from pathlib import Path
from contrib.stores.postgres.tests.database import store_in
from sendoff_postgres import PostgresSettings
store = store_in(Path(sys.argv[1]), PostgresSettings(dsn=sys.argv[2], schema=sys.argv[3]))
print("ready", flush=True)
sys.stdin.readline()
print(store.open().journal, flush=True)
store.close()
"""


def say(database, schema, statement, *values):
    """Something that an administrator does to a schema."""
    with database.connect(options=f"-csearch_path={schema}") as connection:
        return connection.execute(statement, values)


@pytest.mark.campaign
def test_ten_processes_that_make_it_at_once_make_one(database, schema, tmp_path):
    command = [sys.executable, "-c", OPENING, str(tmp_path / "state"), database.dsn, schema]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()

    told = {process.communicate(timeout=60)[0] for process in processes}

    assert [f"{one}{schema}\n" for one in told] == [(tmp_path / "state" / "journal.id").read_text()]
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["journal.id"]


def test_two_schemas_of_a_database_are_two_journals(database, schema, tmp_path):
    one, other = (store_in(tmp_path / name, database.settings(schema=f"{schema}_{name}")) for name in ("one", "other"))
    try:
        journals = {one.open().journal, other.open().journal}
        create(one, "of one")

        assert len(journals) == 2
        assert (names(one, Query()), names(other, Query())) == (["of one"], [])
    finally:
        one.close()
        other.close()


def test_where_nobody_names_a_schema_each_state_folder_has_its_own_and_keeps_it_when_it_moves(database, tmp_path):
    """All apps of a user share one configuration, and do not see each other."""
    one, other = (store_in(tmp_path / name, database.settings()) for name in ("one", "other"))
    for store in (one, other):
        store.open()
        create(store, f"of {store.toolkit.folder.name}")
    one.close()
    (tmp_path / "one").rename(tmp_path / "moved")
    moved = store_in(tmp_path / "moved", database.settings())
    journal = moved.open().journal

    assert (names(moved, Query()), names(other, Query())) == (["of one"], ["of other"])
    written, schema = (tmp_path / "moved" / "journal.id").read_text().split()
    assert written == journal and schema.startswith("sendoff_one_")

    moved.purge()
    with database.connect() as connection:
        assert connection.execute("select count(*) from pg_namespace where nspname = %s", (schema,)).fetchone() == (0,)
    assert names(other, Query()) == ["of other"]
    other.purge()


def test_a_journal_of_a_newer_sendoff_is_refused_with_both_versions_and_left_alone(store, database, schema):
    store.open()
    store.close()
    say(database, schema, "update journal set value = '99' where name = 'schema'")

    with pytest.raises(StoreRefused, match=rf"its schema is 99, and this one knows {len(migrations())}") as refused:
        store.open()

    assert "upgrade" in refused.value.hint
    assert say(database, schema, "select value from journal where name = 'schema'").fetchall() == [("99",)]


def test_an_older_journal_is_brought_up_to_date_and_keeps_what_is_in_it(store, database, schema, monkeypatch):
    store.open()
    create(store, "one")
    store.close()
    scripts = [*migrations(), "create table shelf (name text); insert into shelf values ('new')"]
    monkeypatch.setattr(sendoff_postgres.schema, "migrations", lambda: scripts)

    opened = store.open()

    assert opened.schema == len(scripts)
    assert names(store, Query()) == ["one"]
    assert say(database, schema, "select name from shelf").fetchall() == [("new",)]


def test_a_migration_that_fails_leaves_the_old_journal(store, database, schema, monkeypatch):
    opened = store.open()
    store.close()
    with monkeypatch.context() as patch:
        patch.setattr(sendoff_postgres.schema, "migrations", lambda: [*migrations(), "create table shelf (name text); select 1 / 0"])
        with pytest.raises(StoreRefused, match="division by zero"):
            store.open()

    assert store.open() == opened
    assert say(database, schema, "select count(*) from pg_tables where schemaname = %s and tablename = 'shelf'", schema).fetchone() == (0,)


def test_another_machines_journal_is_refused_until_it_is_taken_over(store, tmp_path):
    (tmp_path / "machine").write_text("a" * 32)
    (tmp_path / "other").write_text("b" * 32)
    store.machine_files = (tmp_path / "machine",)
    journal = store.open().journal
    create(store, "one")
    store.machine_files = (tmp_path / "other",)

    with pytest.raises(StoreRefused, match="belongs to another machine") as refused:
        store.open()
    assert refused.value.facts["machine"] == "a" * 32

    adopted = store.adopt()
    assert (adopted.journal, adopted.machine) == (journal, "b" * 32)
    assert store.open() == adopted
    assert names(store, Query()) == ["one"]


def test_a_journal_that_vanished_is_missed(store, database, schema):
    store.open()
    store.close()
    say(database, schema, f"drop schema {schema} cascade")

    with pytest.raises(StoreRefused, match=r"holds no journal, and journal .* belongs to"):
        store.open()

    (store.toolkit.folder / "journal.id").unlink()
    store.open()


def test_a_folder_that_has_another_journal_is_refused(store, database, schema, tmp_path):
    store.open()
    other = store_in(store.toolkit.folder, database.settings(schema=f"{schema}_other"))
    another = store_in(tmp_path / "another", database.settings(schema=f"{schema}_other"))
    another.open()
    another.close()

    with pytest.raises(StoreRefused, match=r"look at \[store\] dsn and schema"):
        other.open()


def test_a_schema_that_is_used_for_something_else_is_refused_untouched(store, database, schema):
    with database.connect() as connection:
        connection.execute(f"create schema {schema} create table operation (x int)")

    with pytest.raises(StoreRefused, match="used for something else"):
        store.open()
    assert say(database, schema, "select count(*) from pg_tables where schemaname = %s", schema).fetchone() == (1,)


def test_a_database_that_does_not_keep_every_character_is_refused(database, schema, tmp_path):
    with database.connect() as connection:
        connection.execute(f"create database {schema} encoding latin1 template template0")
    store = store_in(tmp_path / "state", database.settings(dsn=database.dsn.removesuffix("postgres") + schema))

    with pytest.raises(StoreRefused, match="encoded in LATIN1"):
        store.open()


def test_a_user_who_may_make_no_schema_is_told_what_an_administrator_can_do(database, schema, tmp_path):
    with database.connect() as connection:
        connection.execute(f"create role {schema} login")
        connection.execute("revoke create on database postgres from public")
    store = store_in(tmp_path / "state", database.settings(dsn=database.dsn.replace("postgres@", f"{schema}@"), schema=schema))

    with pytest.raises(StoreRefused, match="permission denied") as refused:
        store.open()
    assert "create schema NAME authorization USER" in refused.value.hint

    with database.connect() as connection:
        connection.execute(f"create schema {schema} authorization {schema}")
    store.open()
    create(store, "one")
    store.close()


def test_a_password_is_read_from_a_file_of_its_own(database, schema, tmp_path):
    with database.connect() as connection:
        connection.execute(f"do $$ begin create role locked login password '{PASSWORD}'; exception when duplicate_object then null; end $$")
        connection.execute(f"create schema {schema} authorization locked")
    file = tmp_path / "pgpass"
    file.write_text(f"127.0.0.1:*:*:locked:{PASSWORD}\n")
    file.chmod(0o600)
    dsn = f"host=127.0.0.1 port={database.port} user=locked dbname=postgres"
    store = store_in(tmp_path / "state", database.settings(dsn=f"{dsn} passfile={file}", schema=schema))

    store.open()
    create(store, "one")
    store.close()

    with pytest.raises(StoreRefused, match="password") as refused:
        store_in(tmp_path / "state", database.settings(dsn=f"{dsn} passfile={os.devnull}", schema=schema)).open()
    assert PASSWORD not in str(refused.value)


@pytest.mark.parametrize(
    ("dsn", "said"), [("host=127.0.0.1 port=1 user=postgres", "does not answer"), ("{dsn}_not", "has no such database: .* does not exist")]
)
def test_a_server_or_a_database_that_is_not_there_is_named(database, tmp_path, dsn, said):
    with pytest.raises(StoreRefused, match=said):
        store_in(tmp_path / "state", database.settings(dsn=dsn.format(dsn=database.dsn))).open()


def test_a_store_that_is_not_open_says_so(store):
    with pytest.raises(StoreRefused, match="is not open"):
        store.find(Query())
    with pytest.raises(StoreRefused, match="is not open"):
        store.commit([], synced=True)


def test_an_error_in_a_commit_leaves_nothing_of_it(store):
    store.open()

    with pytest.raises(TypeError):
        store.commit([[Insert(sample("one"))], ["nonsense"]], synced=True)

    assert names(store, Query()) == []
    create(store, "one")


def test_a_purged_journal_is_gone_and_the_next_begins_anew(store, database, schema):
    journal = store.open().journal
    create(store, "one")

    store.purge()

    assert say(database, schema, "select count(*) from pg_tables where schemaname = %s", schema).fetchone() == (0,)
    (store.toolkit.folder / "journal.id").unlink()
    assert store.open().journal != journal
    assert names(store, Query()) == []


def test_only_the_journal_of_the_folder_is_purged(store, tmp_path):
    store.open()
    create(store, "one")

    store_in(tmp_path / "of nobody", store.settings).purge()

    assert names(store, Query()) == ["one"]


def test_a_sound_journal_is_left_as_it_is_when_it_is_to_be_saved(store):
    journal = store.open().journal
    create(store, "one")

    salvage = store.recover()

    assert (salvage.journal, salvage.kept) == (journal, "")
    assert names(store, Query()) == ["one"]


def test_only_how_far_an_upload_has_come_may_be_lost_with_the_server(store, database, schema):
    """What a host knows of claims, ends and events it must never know better than its journal: the server may die while the host lives."""
    from sendoff import SaveCheckpoint, Update

    store.open()
    number = create(store, "one")
    shown = []

    def watched(units):
        with pytest.MonkeyPatch.context() as patch:
            plain = psycopg.Connection.execute
            patch.setattr(psycopg.Connection, "execute", lambda self, query, *more: shown.append(query) or plain(self, query, *more))
            store.commit(units, synced=False)
        lazy = "set local synchronous_commit = off" in shown
        shown.clear()
        return lazy

    assert watched([[SaveCheckpoint(number=number, epoch=0, confirmed=1)]])
    assert not watched([[SaveCheckpoint(number=number, epoch=0, confirmed=2)], [Append(happened("one"))]])
    assert not watched([[Update(number, 1, {"owner": "me", "epoch": 1})]])
