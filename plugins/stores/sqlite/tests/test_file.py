"""The file itself: how it is made, how surely it is written, and that it gives space back."""

import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from random import Random

import pytest
from pydantic import ValidationError
from sendoff import Append, Insert, Query, Retention, StoreRefused, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.store_sample import NOW, create, happened, names, sample
from sendoff_sqlite import SqliteSettings, SqliteStore
from sendoff_sqlite.place import file_system, machine_id


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=tmp_path / "state"))
    yield store
    store.close()


@pytest.fixture
def file(store):
    return store.toolkit.folder / "journal.db"


def pragma(file, name):
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(f"pragma {name}").fetchone()[0]


def test_a_new_journal_can_shrink_and_is_read_while_it_is_written(store, file):
    store.open()

    assert [pragma(file, name) for name in ("auto_vacuum", "journal_mode", "user_version", "application_id")] == [2, "wal", 3, 0x73656E64]


def test_a_synced_commit_waits_for_the_disk_and_another_does_not(store):
    """SQLite's word for it: FULL (2) syncs the log in every commit, NORMAL (1) does not (sqlite.org/pragma.html#pragma_synchronous)."""
    store.open()
    said = []
    for synced in (True, False, True):
        store.commit([[Append(happened("one"))]], synced=synced)
        said.append(store._connection.execute("pragma synchronous").fetchone()[0])

    assert said == [2, 1, 2]


def test_what_was_forgotten_is_given_back_to_the_disk(store, file):
    store.open()
    units = [[Insert(sample(str(place), metadata={"ballast": "x" * 1000}, open=False, finished_at=1)), Append(happened(str(place)))] for place in range(3000)]
    store.commit(units, synced=True)
    create(store, "stays")
    store.close()
    before = file.stat().st_size

    store.open()
    while store.trim(Retention(now=NOW), limit=500):
        pass

    assert names(store, Query()) == ["stays"]
    assert pragma(file, "freelist_count") == 0
    assert file.stat().st_size < before / 10


def test_a_closed_journal_is_one_file_and_its_mark(store, file):
    store.open()
    create(store, "one")
    store.close()

    assert sorted(path.name for path in file.parent.iterdir()) == ["journal.db", "journal.id"]


def test_ten_processes_that_make_it_at_once_make_one(tmp_path):
    code = """
import logging, sys
from pathlib import Path
from random import Random
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff_sqlite import SqliteStore
store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=Path(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
print(store.open().journal, flush=True)
store.close()
"""
    command = [sys.executable, "-c", code, str(tmp_path / "state")]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()

    told = {process.communicate(timeout=60)[0] for process in processes}

    assert len(told) == 1
    assert told == {(tmp_path / "state" / "journal.id").read_text()}
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == ["journal.db", "journal.id"]


def test_a_file_that_is_no_journal_is_refused(store, file):
    file.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("create table photographs (x)")

    with pytest.raises(StoreRefused, match="is not a journal of sendoff"):
        store.open()


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


def test_a_size_may_be_written_as_people_do():
    assert [SqliteSettings(max_size=given).max_size for given in ("2M", 2**22, None)] == [2**21, 2**22, None]


@pytest.mark.parametrize("settings", [{"max_siz": 1}, {"max_size": 5}, {"max_size": "much"}])
def test_settings_that_make_no_sense_are_refused(settings):
    with pytest.raises(ValidationError, match="max_siz"):
        SqliteSettings(**settings)


def test_a_machine_that_does_not_say_who_it_is_may_open_any_journal(store, tmp_path):
    (tmp_path / "machine").write_text("a" * 32)
    store.machine_files = (tmp_path / "machine",)
    store.open()
    store.close()
    store.machine_files = (tmp_path / "nothing",)

    assert store.open().machine == "a" * 32
    assert [machine_id([tmp_path / "nothing", tmp_path / "machine"]), machine_id([tmp_path / "nothing"])] == ["a" * 32, ""]


def test_the_file_system_of_a_folder_is_that_of_the_nearest_mount(tmp_path):
    """proc(5): field 5 is where it is mounted, blanks as octal; what is mounted later lies on top."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:4 / /far rw shared:3 master:2 - nfs4 server:/ rw\n"
        "3 2 8:2 / /far/near\\040by rw - xfs /dev/sdb rw\n4 2 0:9 / /far/near\\040by rw - tmpfs none rw\n"
    )

    found = [file_system(tmp_path.__class__(path), mounts=mounts) for path in ("/far", "/far/x", "/far/near by/x", "/farther", "/")]

    assert found == ["nfs4", "nfs4", "tmpfs", "ext4", "ext4"]
    assert file_system(tmp_path, mounts=tmp_path / "nothing") == ""
