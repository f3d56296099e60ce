"""Where a journal may lie, who may open it at once, and how large it may be (rows of docs/faults.toml)."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sendoff import Append, Insert, Query, StoreRefused
from sendoff.testing.store_sample import create, happened, names, sample
from sendoff_sqlite import SqliteStore

from tests.faults.journals import HERE, opened, refusal, store_in

pytestmark = pytest.mark.only_with(store="sqlite")

NOBODY = 65534


# -- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.fault(15)
def test_a_missing_folder_is_made_private(folder):
    with opened(folder / "deeper"):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder / "deeper", *(folder / "deeper").iterdir()]}

    assert modes == {"deeper": 0o700, "journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600, "journal.id": 0o600}


@pytest.mark.fault(15)
def test_a_world_writable_folder_is_refused(journal):
    journal.parent.chmod(0o777)

    assert f"chmod o-w {journal.parent}" in refusal(journal.parent)


@pytest.mark.fault(15)
def test_somebody_elses_folder_is_refused(folder):
    if os.geteuid() == 0:
        folder.mkdir()
        os.chown(folder, NOBODY, NOBODY)
    else:
        folder = Path("/var")

    with pytest.raises(StoreRefused, match=f"{folder} belongs to user .* and this is user {os.geteuid()}"):
        store_in(folder).open()


@pytest.mark.fault(15)
@pytest.mark.parametrize("shut", ["folder", "file"])
def test_what_is_read_only_is_refused(shut, journal):
    path, mode = {"folder": (journal.parent, 0o500), "file": (journal, 0o400)}[shut]
    path.chmod(mode)

    with as_an_ordinary_user(journal.parent):
        reason = refusal(journal.parent)

    assert f"{path} is read-only" in reason
    path.chmod(0o700)


@contextmanager
def as_an_ordinary_user(folder):
    """Rights do not bind root: where the tests run as root, become nobody for a while."""
    if os.geteuid() != 0:
        yield
        return
    modes = [(parent, parent.stat().st_mode) for parent in folder.parents]
    for parent, mode in modes:
        parent.chmod(mode | stat.S_IXGRP | stat.S_IXOTH)
    for path in [folder, *folder.iterdir()]:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for parent, mode in modes:
            parent.chmod(mode)


@pytest.mark.fault(15)
@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
def test_a_network_file_system_is_refused(kind, folder, tmp_path):
    real = Path(os.path.realpath(tmp_path))
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 8:1 / / rw - ext4 /dev/sda1 rw\n23 22 0:40 / {str(real).replace(' ', chr(92) + '040')} rw shared:9 - {kind} server:/x rw\n")

    class Elsewhere(SqliteStore):
        pass

    Elsewhere.mounts = mounts
    with pytest.raises(StoreRefused, match=rf"network file system \({kind}\).*--state-dir"):
        store_in(folder, kind=Elsewhere).open()
    assert list(folder.iterdir()) == []


@pytest.mark.fault(15)
def test_another_machines_journal_is_refused_until_it_is_adopted(folder, tmp_path):
    class Machine(SqliteStore):
        pass

    here, there = (type(name, (Machine,), {"machine_files": (tmp_path / name,)}) for name in ("here", "there"))
    (tmp_path / "here").write_text("a" * 32 + "\n")
    (tmp_path / "there").write_text("b" * 32 + "\n")
    with opened(folder, kind=here) as store:
        create(store, "one")

    assert "SENDOFF_STATE_DIR" in refusal(folder, kind=there)
    adopted = store_in(folder, kind=there)
    assert adopted.adopt().machine == "b" * 32
    assert names(adopted, Query()) == ["one"]
    adopted.close()
    assert "SENDOFF_STATE_DIR" in refusal(folder, kind=here)


# -- two at once, and very many ---------------------------------------------------------------------------------------


WRITING = """
import json, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from sendoff import Append, Insert, Update
from sendoff.testing.store_sample import LANE, NOW, happened, sample, write
from tests.faults.journals import opened
me, claimed = sys.argv[3], []
with opened(Path(sys.argv[1])) as store:
    print("open", flush=True)
    sys.stdin.readline()
    for place in range(150):
        write(store, Insert(sample(f"{me}-{place}", due=None)), Append(happened(f"{me}-{place}")))
        for record in store.due(LANE, NOW, 2):
            if write(store, Update(record.number, record.version, {"owner": me, "epoch": record.epoch + 1}))[0].refused is None:
                claimed.append(record.id)
print(json.dumps(claimed))
"""


@pytest.mark.fault(18)
def test_two_processes_that_open_one_journal_take_turns(folder):
    """Each writes and both claim from one lane: nothing is lost, nothing is claimed twice, the file stays sound."""
    with opened(folder) as store:
        store.commit([[Insert(sample(f"task-{place}"))] for place in range(100)], synced=True)
    command = [sys.executable, "-c", WRITING, str(folder), str(HERE.parents[1])]
    both = [subprocess.Popen([*command, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for name in "ab"]
    for process in both:
        assert process.stdout.readline() == "open\n"

    claims = [json.loads(process.communicate(timeout=60)[0]) for process in _started(both)]

    with opened(folder) as store:
        found = names(store, Query())
        assert sorted(found) == sorted([*(f"task-{place}" for place in range(100)), *(f"{me}-{place}" for me in "ab" for place in range(150))])
        assert sorted([*claims[0], *claims[1]]) == sorted(f"task-{place}" for place in range(100))
        assert len({event.seq for event in store.events(0, 1000)}) == 300
    with closing(sqlite3.connect(folder / "journal.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


def _started(processes):
    """Let them go at the same moment."""
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    return processes


@pytest.mark.fault(18)
def test_whoever_finds_the_journal_busy_is_told_so(folder):
    class Impatient(SqliteStore):
        busy = 0.05

    with opened(folder, kind=Impatient) as store, closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreRefused, match="another process has been writing for too long"):
            create(store, "one")
        assert names(store, Query()) == []
        other.execute("rollback")
        create(store, "one")
        assert names(store, Query()) == ["one"]


READING = """
import json, resource, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from sendoff import Query
from tests.faults.journals import opened
from sendoff.testing.store_sample import LANE, NOW, walk
used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with opened(Path(sys.argv[1])) as store:
    before = used()
    first = len(store.due(LANE, NOW, 16)), len(store.lanes(NOW).items), len(store.find(Query(listed=True)).items)
    start = used()
    listed = sum(1 for _ in walk(store, Query(listed=True), limit=500))
    after, told = 0, 0
    while events := store.events(after, 1000):
        after, told = events[-1].seq, told + len(events)
print(json.dumps([first, listed, told, start - before, used() - before]))
"""


@pytest.mark.fault(21)
@pytest.mark.campaign
def test_a_hundred_thousand_waiting_operations_take_no_memory(folder):
    count = 100_000
    with opened(folder) as store:
        for first in range(0, count, 1000):
            units = [[Insert(sample(f"{place:06}")), Append(happened(f"{place:06}"))] for place in range(first, first + 1000)]
            store.commit(units, synced=False)

    done = subprocess.run([sys.executable, "-c", READING, str(folder), str(HERE.parents[1])], capture_output=True, text=True, check=True, timeout=300)
    first, listed, told, at_start, at_end = json.loads(done.stdout)

    assert (first, listed, told) == ([16, 1, 100], count, count)
    assert at_start < 4096, "KiB for the first page"
    assert at_end < 16384, "KiB for a walk through everything"
