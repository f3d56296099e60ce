"""What may happen to the journal's file, and what must come of it (rows of docs/faults.toml)."""

import shutil
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from sendoff import Append, Insert, Query, Retention, SaveNote, StoreRefused
from sendoff.testing.store_sample import NOW, create, due_names, happened, names, read, sample, write

from tests.faults.journals import HERE, fill, opened, refusal

pytestmark = pytest.mark.only_with(store="sqlite")

# -- power loss -------------------------------------------------------------------------------------------------------


@pytest.mark.fault(10)
def test_after_a_power_cut_the_journal_is_what_it_was_after_some_commit(folder, tmp_path):
    """Whatever part of the write-ahead log reached the disk: whole decisions, in order, none missing in between."""
    with opened(folder) as store:
        for place in range(6):
            write(store, Insert(sample(f"{place:02}")), Append(happened(f"{place:02}")), SaveNote(kind="count", key="all", value=place + 1))
        database, log = (folder / "journal.db").read_bytes(), (folder / "journal.db-wal").read_bytes()
    frame = 24 + struct.unpack(">H", database[16:18])[0]
    ends = range(32, len(log) + 1, frame)
    seen = []

    for cut in (0, 10, *ends):
        whole = _survivors(tmp_path / "whole", folder, database, log[:cut])
        torn = _survivors(tmp_path / "torn", folder, database, log[:cut] + log[cut : cut + frame // 2] + bytes(frame))
        assert whole == torn
        seen.append(whole)

    assert seen == sorted(seen)
    assert set(seen) == set(range(7))


def _survivors(place, folder, database, log):
    place.mkdir(mode=0o700)
    shutil.copy(folder / "journal.id", place)
    (place / "journal.db").write_bytes(database)
    (place / "journal.db-wal").write_bytes(log)
    with opened(place) as store:
        found = names(store, Query())
        assert found == [f"{number:02}" for number in range(len(found))] == [event.operation for event in store.events(0, 100)] == due_names(store)
        assert len(found) == (store.note("count", ["all"])["all"].value if found else 0)
        create(store, "and it goes on")
    shutil.rmtree(place)
    return len(found)


# -- no room ----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(11)
def test_a_full_journal_takes_nothing_of_a_commit_and_goes_on_when_there_is_room(folder):
    with opened(folder, max_size=2**20) as store:
        ended = [f"ended-{place}" for place in range(100)]
        store.commit([[Insert(sample(name, open=False, finished_at=NOW - 1)), Append(happened(name))] for name in ended], synced=True)
        done = fill(store)
        assert names(store, Query()) == [*ended, *done]
        assert len(store.events(0, 10**6)) == len([*ended, *done])
        assert store.trim(Retention(now=NOW, finished=0), limit=1000) == len(ended)
        create(store, "goes on")
        assert names(store, Query()) == [*done, "goes on"]


@pytest.mark.fault(11)
def test_a_full_journal_goes_on_when_it_may_grow(folder):
    with opened(folder, max_size=2**20) as store:
        done = fill(store)
    with opened(folder, max_size=2**22) as store:
        create(store, "more")
        assert names(store, Query()) == [*done, "more"]


FULL_DISK = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from sendoff.testing.store_sample import create, names
from sendoff import Query
from tests.faults.journals import fill, opened
folder, ballast = Path(sys.argv[1]) / "state", Path(sys.argv[1]) / "ballast"
ballast.write_bytes(bytes(1_000_000))
with opened(folder) as store:
    done = fill(store)
    assert names(store, Query()) == done, "a commit was half written"
    ballast.unlink()
    create(store, "goes on")
    assert names(store, Query()) == [*done, "goes on"]
with opened(folder) as store:
    assert names(store, Query()) == [*done, "goes on"]
print("went on after", len(done))
"""


@pytest.mark.fault(11)
def test_a_full_disk_takes_nothing_of_a_commit_and_goes_on_when_there_is_room(tmp_path):
    """A file system of 4 MB of its own, really full."""
    mounted = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o size=4m none "$1" && shift && exec "$@"', "-", str(tmp_path)]
    if shutil.which("unshare") is None or subprocess.run([*mounted, "true"], capture_output=True).returncode:
        pytest.skip("no file system of one's own can be mounted here (unshare --map-root-user --mount)")

    done = subprocess.run([*mounted, sys.executable, "-c", FULL_DISK, str(tmp_path), str(HERE.parents[1])], capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("went on after")


# -- damage -----------------------------------------------------------------------------------------------------------


DAMAGES = {
    "empty": lambda content: b"",
    "cut in half": lambda content: content[: len(content) // 2],
    "cut short": lambda content: content[:-4096],
    "cut within its header": lambda content: content[:60],
    "another file": lambda content: b"%PDF-1.7" + content[8:],
    "its first page lost": lambda content: bytes(4096) + content[4096:],
    "a page lost": lambda content: content[:12288] + bytes(4096) + content[16384:],
    "a page of noise": lambda content: content[:8192] + Random(1).randbytes(4096) + content[12288:],
}


@pytest.mark.fault(12)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal_is_refused_and_kept_byte_for_byte(damage, journal):
    journal.write_bytes(DAMAGES[damage](journal.read_bytes()))

    reason = refusal(journal.parent)

    assert str(journal) in reason
    assert "sendoff host start --recover" in reason


@pytest.mark.fault(12)
def test_a_journal_that_vanished_is_missed(journal):
    journal.unlink()

    reason = refusal(journal.parent)

    assert "is gone" in reason
    assert not journal.exists()


@pytest.mark.fault(12)
def test_another_journal_in_its_place_is_noticed(journal, tmp_path):
    with opened(tmp_path / "other"):
        pass
    shutil.copy(tmp_path / "other" / "journal.db", journal)

    assert "put that one back" in refusal(journal.parent)


@pytest.mark.fault(12)
def test_damage_deep_in_a_large_journal_is_refused_when_it_is_met(folder):
    """Opening reads no more than it must; what it did not read says so when it is needed, and is never taken for nothing."""
    with opened(folder) as store:
        store.commit([[Insert(sample(f"{place:05}", metadata={"ballast": "x" * 1000}))] for place in range(8000)], synced=True)
    journal = folder / "journal.db"
    content = bytearray(journal.read_bytes())
    assert len(content) > 2**23
    content[4 * 2**20 : 6 * 2**20] = Random(1).randbytes(2 * 2**20)
    journal.write_bytes(content)

    with opened(folder) as store, pytest.raises(StoreRefused, match="is damaged"):
        names(store, Query())

    assert journal.read_bytes() == bytes(content)


# -- other versions ---------------------------------------------------------------------------------------------------


@pytest.mark.fault(13)
@pytest.mark.parametrize("alive", [False, True], ids=["closed", "with its log"])
def test_a_newer_journal_is_refused_with_both_versions_and_untouched(alive, journal, tmp_path):
    with closing(sqlite3.connect(journal)) as connection:
        connection.execute("create table from_the_future (x)")
        connection.execute("pragma user_version = 99")
        connection.commit()
        copy = Path(shutil.copytree(journal.parent, tmp_path / "copy"))
    folder = copy if alive else journal.parent
    assert (folder / "journal.db-wal").exists() is alive

    reason = refusal(folder)

    assert "its schema is 99, and this one knows 3" in reason
    assert "upgrade" in reason


_FIRST_COLUMNS = 33  # of an operation, in the first schema; what was added later stands behind them


def _older(folder):
    folder.mkdir(mode=0o700)
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        connection.executescript((HERE / "journal_of_schema_1.sql").read_text())
        connection.execute("pragma journal_mode = wal")
    return folder


def _rows(path):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        tables = ("journal", "operation", "event", "todo", "note")
        rows = [[row[:_FIRST_COLUMNS] for row in connection.execute(f"select * from {table}")] for table in tables]
        return connection.execute("pragma user_version").fetchone()[0], rows


@pytest.mark.fault(14)
def test_an_older_journal_is_migrated_and_a_copy_of_it_kept(folder):
    before = _rows(_older(folder) / "journal.db")

    with opened(folder) as store:
        assert store.open().schema == 3
        assert names(store, Query()) == ["waits", "runs", "ended"]
        assert (due_names(store), read(store, 2).owner, read(store, 1).spec.metadata) == (["waits"], "somebody", {"order": 1})
        assert (store.checkpoint(2).session, store.checkpoint(2).confirmed, store.checkpoint(2).prefix) == (b"session", 4096, None)
        assert ([todo.about for todo in store.todos(NOW)], store.note("cursor", ["sink"])["sink"].value) == (["ended"], {"seq": 3})
        assert create(store, "new") == 4

    assert before == (1, before[1]) == _rows(folder / "journal.schema-1.backup")
    assert sorted(path.name for path in folder.iterdir()) == ["journal.db", "journal.id", "journal.schema-1.backup"]


MIGRATING = """
import logging, signal, sqlite3, sys
from pathlib import Path
import sendoff_sqlite.file as file
count = 0

class Counted(sqlite3.Connection):
    def execute(self, *words):
        global count
        count += 1
        if count == int(sys.argv[2]):
            print("here", flush=True)
            signal.pause()
        return super().execute(*words)

file.connect = lambda path, *, mode="rw": sqlite3.connect(f"file:{path}?mode={mode}", uri=True, isolation_level=None, factory=Counted)
file.JournalFile(folder=Path(sys.argv[1]), machine="").prepare()
"""


@pytest.mark.fault(14)
@pytest.mark.campaign
def test_killed_at_any_statement_of_a_migration_the_journal_is_old_or_new(tmp_path):
    expected = _rows(_older(tmp_path / "model") / "journal.db")[1]
    versions = []
    for statement in range(1, 100):
        folder = _older(tmp_path / str(statement))
        with subprocess.Popen([sys.executable, "-c", MIGRATING, str(folder), str(statement)], stdout=subprocess.PIPE) as process:
            alive = process.stdout.readline()
            process.kill()
        if not alive:
            break
        version, rows = _rows(folder / "journal.db")
        versions.append(version)
        assert rows == expected
        with opened(folder) as store:
            assert (store.open().schema, names(store, Query()), due_names(store)) == (3, ["waits", "runs", "ended"], ["waits"])
        assert _rows(folder / "journal.schema-1.backup") == (1, expected)
        assert not list(folder.glob("*.new*"))

    assert versions == sorted(versions)
    assert set(versions) == {1, 3}
