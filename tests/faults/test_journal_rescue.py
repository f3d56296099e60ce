"""A damaged journal is saved as far as it can be read: never more than was there, never at the cost of the damaged one."""

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from random import Random

import pytest
from sendoff import Append, Insert, Query, SaveCheckpoint, SaveNote, SaveTodo, StoreRefused, Update
from sendoff.testing.store_sample import NOW, create, happened, names, read, sample, write

from tests.faults.journals import HERE, contents, opened, store_in
from tests.faults.test_journal_faults import DAMAGES

pytestmark = pytest.mark.only_with(store="sqlite")

COUNT = 600
RUINS = {
    **DAMAGES,
    "a hole": lambda content: content[: len(content) // 3] + bytes(100_000) + content[len(content) // 3 + 100_000 :],
    "noise at the end": lambda content: content[:-60_000] + Random(1).randbytes(60_000),
    "every seventh page of noise": lambda content: b"".join(
        Random(at).randbytes(4096) if at // 4096 % 7 == 3 else content[at : at + 4096] for at in range(0, len(content), 4096)
    ),
    "nothing but noise": lambda content: Random(1).randbytes(len(content)),
}


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    """A closed journal with something of everything; copied for each test."""
    folder = tmp_path_factory.mktemp("rich") / "state"
    with opened(folder) as store:
        ids = [f"op-{place:04}" for place in range(COUNT)]
        store.commit([[Insert(sample(id, metadata={"ballast": "x" * (place % 700)})), Append(happened(id))] for place, id in enumerate(ids)], synced=True)
        write(store, *(SaveCheckpoint(number=number, epoch=0, session=b"s", confirmed=number) for number in range(1, COUNT, 3)))
        write(store, *(SaveTodo(kind="spool", about=id, seen=0, payload={"path": id}, due=NOW) for id in ids[::10]))
        write(store, *(SaveNote(kind="kind", key=id, value={"is": id}) for id in ids[::5]))
    return folder


def ruined(rich, tmp_path, damage):
    folder = tmp_path / "state"
    shutil.copytree(rich, folder)
    journal = folder / "journal.db"
    journal.write_bytes(RUINS[damage](journal.read_bytes()))
    return folder


def everything(store):
    found, after = {}, None
    while True:
        page = store.find(Query(), after=after, limit=1000)
        found |= {record.number: record for record in page.items}
        if page.next is None:
            return found
        after = page.next


@pytest.mark.fault(12)
@pytest.mark.parametrize("damage", RUINS)
def test_what_can_be_read_is_saved_as_it_was_and_the_damaged_one_is_kept(rich, tmp_path, damage):
    folder = ruined(rich, tmp_path, damage)
    before = contents(folder)
    with opened(rich) as store:
        there = everything(store)

    try:
        salvage = store_in(folder).recover()
    except StoreRefused as refused:
        assert "left as it is" in refused.message
        assert contents(folder) == before
        assert damage in ("empty", "cut within its header", "nothing but noise")
        return

    (kept,) = folder.glob("journal.damaged-*.db")
    assert (str(kept), kept.read_bytes()) == (salvage.kept, before["journal.db"])
    assert not list(folder.glob("*.new*"))
    with opened(folder) as store:
        saved = everything(store)
        assert {number: there[number] for number in saved} == saved
        assert salvage.saved.get("operation", 0) == len(saved)
        assert set(salvage.lost) <= {record.id for number, record in there.items() if number not in saved}
        assert len(saved) == COUNT or salvage.unreadable["operation"]
        assert all(store.checkpoint(number) is None or store.checkpoint(number).confirmed == number for number in saved)
        assert {note.value["is"] == note.key for note in store.notes("kind").items} <= {True}
        assert {todo.payload["path"] == todo.about for todo in store.todos(NOW, limit=1000)} <= {True}
        assert create(store, "new") > COUNT, "no number is given twice"
        (told,) = write(store, Append(happened("new")))
        assert told.seq > COUNT
    assert salvage.uncertain == ()


@pytest.mark.fault(12)
@pytest.mark.parametrize(("damage", "least"), [("its first page lost", COUNT), ("another file", COUNT), ("a hole", COUNT // 2), ("noise at the end", COUNT)])
def test_damage_in_one_place_costs_only_what_was_there(rich, tmp_path, damage, least):
    assert store_in(ruined(rich, tmp_path, damage)).recover().saved["operation"] >= least


@pytest.mark.fault(12)
def test_operations_that_cannot_be_read_are_named(rich, tmp_path):
    folder = ruined(rich, tmp_path, "a hole")

    salvage = store_in(folder).recover()

    with opened(folder) as store:
        assert set(salvage.lost) | set(names(store, Query())) == {f"op-{place:04}" for place in range(COUNT)}
    assert salvage.lost


@pytest.mark.fault(12)
def test_a_sound_journal_is_left_alone(rich, tmp_path):
    folder = tmp_path / "state"
    shutil.copytree(rich, folder)
    before = contents(folder)

    salvage = store_in(folder).recover()

    assert (salvage.kept, salvage.saved) == ("", {})
    assert contents(folder) == before


# -- what must not be sent twice ----------------------------------------------------------------------------------------


def posted(id, **more):
    made = sample(id, **more)
    return replace(made, spec=replace(made.spec, method="POST"))


@pytest.fixture
def with_a_log(tmp_path):
    """The folder of a host that was killed: its newest changes are in the log alone. A page of notes is damaged."""
    folder = tmp_path / "alive"
    with opened(folder) as store:
        write(store, Insert(posted("before its point")))
        write(store, Insert(sample("a put")))
        write(store, Insert(posted("past its point")))
        write(store, Insert(posted("ended")))
        write(store, *(SaveNote(kind="ballast", key=str(place), value="x" * 1000) for place in range(100)))
    with opened(folder) as store:
        write(store, Update(3, 1, {"point": True, "owner": "somebody", "epoch": 1}))
        write(store, Update(4, 1, {"open": False, "due": None}))
        for place in range(10):
            write(store, SaveNote(kind="later", key=str(place), value=place))
        copy = shutil.copytree(folder, tmp_path / "state")
    journal = copy / "journal.db"
    content = journal.read_bytes()
    middle = content.index(b"x" * 400) // 4096 * 4096
    journal.write_bytes(content[:middle] + bytes(4096) + content[middle + 4096 :])
    return copy


def standing(folder):
    with opened(folder) as store:
        found = [read(store, number) for number in (1, 2, 3, 4)]
    return {record.id: (record.point, record.owner is not None, record.open) for record in found}


@pytest.mark.fault(12)
def test_a_point_that_was_passed_stays_passed(with_a_log):
    salvage = store_in(with_a_log).recover()

    assert salvage.kept
    assert salvage.uncertain == (), "nothing of the log is missing"
    assert standing(with_a_log) == {
        "before its point": (False, False, True), "a put": (False, False, True), "past its point": (True, True, True), "ended": (False, False, False),
    }  # fmt: skip


def one_bad_frame(content, number):
    """A log in which this frame holds noise; the ones behind it are of no use then (SQLite, "Database File Format" 4.2)."""
    at = 32 + number * (24 + 4096) + 24 + 2000
    return content[:at] + Random(1).randbytes(100) + content[at + 100 :]


@pytest.mark.fault(12)
@pytest.mark.parametrize("harm", [lambda content: one_bad_frame(content, 0), lambda content: one_bad_frame(content, 2)], ids=["all of the log", "its end"])
def test_where_the_newest_changes_are_missing_no_post_is_sent_again(with_a_log, harm):
    """That it went out, or that it ended, may have been among them."""
    log = with_a_log / "journal.db-wal"
    log.write_bytes(harm(log.read_bytes()))

    salvage = store_in(with_a_log).recover()

    found = standing(with_a_log)
    assert set(salvage.uncertain) == {id for id, (_, _, is_open) in found.items() if is_open} - {"a put"}
    assert all(found[id] == (True, True, True) for id in salvage.uncertain)
    assert found["a put"] == (False, False, True)


# -- dying at it --------------------------------------------------------------------------------------------------------

DYING = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import sendoff_sqlite.salvage as salvage
from tests.faults.journals import store_in
left = int(sys.argv[3])

def counted(function):
    def call(*words):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*words)
    return call

salvage.os.rename, salvage.sync = counted(os.rename), counted(salvage.sync)
store_in(Path(sys.argv[1])).recover()
"""


@pytest.mark.campaign
@pytest.mark.fault(12)
def test_killed_at_any_step_it_is_finished_by_the_next_and_loses_nothing(rich, tmp_path):
    ends = []
    for step in range(0, 20):
        folder = ruined(rich, tmp_path / str(step), "a hole")
        damaged = (folder / "journal.db").read_bytes()
        words = [sys.executable, "-c", DYING, str(folder), str(HERE.parents[1]), str(step)]
        ends.append(subprocess.run(words, capture_output=True, timeout=60).returncode)

        if ends[-1] == 0:
            break
        salvage = store_in(folder).recover()
        with opened(folder) as store:
            assert len(everything(store)) > COUNT // 2
        assert any(one.read_bytes() == damaged for one in folder.glob("journal.damaged-*.db"))
        assert salvage.journal == (folder / "journal.id").read_text().strip()

    assert set(ends[:-1]) == {-signal.SIGKILL}
    assert len(ends) > 4
    assert os.path.exists(folder / "journal.db")
