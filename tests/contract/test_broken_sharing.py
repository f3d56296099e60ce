"""The contracts of stores that are shared, killed and long notice each promise that is broken."""

import logging
import time
from bisect import insort
from dataclasses import replace
from random import Random

import pytest
from sendoff import Toolkit
from sendoff.model.change import SaveCheckpoint, SaveNote, Update
from sendoff.ports.clock import SystemClock
from sendoff.testing.endurance_contract import KilledStoreContract, ManyRowsContract
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.sharing_contract import SharedStoreContract


def sound():
    """Two handles of one journal that keep every promise."""
    store = MemoryStore()
    store.open()
    return store, store


def with_other(other):
    """Beside a sound handle, one that breaks a promise, of the same journal."""
    store, _ = sound()
    other.__dict__.update(store.__dict__)
    return store, other


class OfAnotherJournal(MemoryStore):
    def open(self):
        return replace(super().open(), journal="another")


class ReadsOnlyItsOwn(MemoryStore):
    def find(self, query, *, after=None, limit=100):
        return MemoryStore().find(query, after=after, limit=limit)


class Claims(MemoryStore):
    """Takes whatever version or epoch it finds for the one that was seen."""

    def commit(self, units, *, synced):
        return super().commit([[self.taken(change) for change in unit] for unit in units], synced=synced)

    def taken(self, change):
        if isinstance(change, Update):
            return Update(change.number, self._records[change.number].version, change.fields)
        if isinstance(change, SaveNote):
            return SaveNote(kind=change.kind, key=change.key, value=change.value)
        if isinstance(change, SaveCheckpoint):
            return SaveCheckpoint(number=change.number, epoch=self._records[change.number].epoch, session=change.session, confirmed=change.confirmed)
        return change


class LooksThenWrites(Claims):
    """Refuses what is late when it looks, and holds nothing until it writes."""

    def commit(self, units, *, synced):
        late = [one for unit in units for one in unit if isinstance(one, Update) and one.seen != self._records[one.number].version]
        if late:
            return MemoryStore.commit(self, units, synced=synced)
        time.sleep(0.002)  # so long the writing takes
        return super().commit(units, synced=synced)


class CountsBeforeItCommits(MemoryStore):
    """As a serial column does: an event has its number when it is written, and is seen when it is committed."""

    def commit(self, units, *, synced):
        with self._lock:
            before = len(self._events)
            replies = super().commit(units, synced=synced)
            unseen = self._events[before:]
            del self._events[before:]
        time.sleep(0.001 * len(unseen))  # so long the commit takes
        with self._lock:
            for event in unseen:
                insort(self._events, event, key=lambda one: one.seq)
        return replies


class CountsTwice(MemoryStore):
    def events(self, after, limit, *, query=None):
        found = super().events(after, limit, query=query)
        return [*found, *found[-1:]]


def shared(store):
    """Two handles that break a promise only together."""
    store.open()
    return store, store


def claiming():
    """The one that is late overwrites."""
    store, other = with_other(Claims())
    return other, store


BROKEN = {
    "both_have_the_same_journal": lambda: with_other(OfAnotherJournal()),
    "what_one_has_written_the_other_reads": lambda: with_other(ReadsOnlyItsOwn()),
    "of_two_that_claim_the_same_one_wins": lambda: with_other(Claims()),
    "of_two_that_claim_at_the_same_moment_one_wins": lambda: shared(LooksThenWrites()),
    "whoever_was_superseded_is_refused_whatever_it_writes": claiming,
    "events_of_both_have_one_order_and_no_number_twice": lambda: with_other(CountsTwice()),
    "who_reads_on_from_where_it_stopped_misses_nothing_while_both_write": lambda: shared(CountsBeforeItCommits()),
    "a_note_that_the_other_has_changed_is_not_overwritten": claiming,
}


def test_every_promise_has_a_pair_that_breaks_it():
    assert {name.removeprefix("test_") for name in vars(SharedStoreContract) if name.startswith("test_")} == set(BROKEN)


@pytest.mark.parametrize("promise", sorted(BROKEN))
def test_a_broken_promise_is_noticed(promise):
    test = getattr(SharedStoreContract(), f"test_{promise}")
    test(*sound())

    with pytest.raises(AssertionError):
        test(*BROKEN[promise]())


@pytest.mark.parametrize(("kind", "promise"), [(LooksThenWrites, "of_two_that_claim"), (CountsBeforeItCommits, "events_of_both")])
def test_what_only_two_at_once_break_is_not_seen_by_one_after_the_other(kind, promise):
    """Which is why two at once are tried."""
    (test,) = (value for name, value in vars(SharedStoreContract).items() if name.startswith(f"test_{promise}") and "moment" not in name)

    test(SharedStoreContract(), *shared(kind()))


HALF = """
import logging
from pathlib import Path
from random import Random
from sendoff import Append, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff_sqlite import SqliteStore

class Half(SqliteStore):
    def commit(self, units, *, synced):
        return super().commit([[change for change in unit if not isinstance(change, Append)] for unit in units], synced=synced)

store = Half(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=Path({folder!r})))
store.open()
"""


def test_a_store_that_has_half_of_what_it_answered_is_noticed(tmp_path):
    sqlite = pytest.importorskip("sendoff_sqlite")
    toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=tmp_path / "state")
    store = sqlite.SqliteStore(None, toolkit)
    store.open()
    test = KilledStoreContract().test_killed_between_any_two_writes_every_answered_commit_is_there_whole

    with pytest.raises(AssertionError):
        test(store, HALF.format(folder=str(toolkit.folder)))
    store.close()


class Searching(ManyRowsContract):
    rows = 20_000


class SlowWithMany(MemoryStore):
    """Looks through all of them."""

    def lanes(self, now, *, after=None, limit=1000):
        time.sleep(0.06)
        return super().lanes(now, after=after, limit=limit)


def test_a_store_that_searches_a_long_queue_is_noticed():
    store = SlowWithMany()
    store.open()

    with pytest.raises(AssertionError, match="it took"):
        Searching().test_behind_a_long_queue_the_first_of_it_and_of_another_lane_are_found_at_once(store)
