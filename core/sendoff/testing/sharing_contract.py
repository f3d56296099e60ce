"""What every store promises that several hosts have open at once. Subclass ``SharedStoreContract``; give it ``store`` and ``other``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sendoff.model.change import Append, Reply, SaveCheckpoint, SaveNote, Update
from sendoff.model.event import Event
from sendoff.model.query import Query
from sendoff.ports.store import Store
from sendoff.testing.store_sample import create, due_names, happened, names, read, write

ROUNDS = 50


class SharedStoreContract:
    """The promises, one a test. A subclass gives the fixtures ``store`` and ``other``: two handles of one new journal, open, closed afterwards.

    Example::

        class TestMyStoreShared(SharedStoreContract):
            @pytest.fixture
            def other(self, store):
                other = MyStore(store.settings, store.toolkit)
                other.open()
                yield other
                other.close()
    """

    def test_both_have_the_same_journal(self, store: Store, other: Store) -> None:
        assert store.open().journal == other.open().journal

    def test_what_one_has_written_the_other_reads(self, store: Store, other: Store) -> None:
        create(store, "one")
        create(other, "two")

        assert names(store, Query()) == names(other, Query()) == ["one", "two"]
        assert due_names(other) == ["one", "two"]

    def test_of_two_that_claim_the_same_one_wins(self, store: Store, other: Store) -> None:
        number = create(store, "one")

        mine, theirs = (write(handle, _claim(number, 1, owner, 1))[0] for handle, owner in ((store, "mine"), (other, "theirs")))

        assert (mine.refused, theirs.refused) == (None, "version")
        assert read(other, number).owner == "mine"

    def test_of_two_that_claim_at_the_same_moment_one_wins(self, store: Store, other: Store) -> None:
        numbers, both = [create(store, f"{place}") for place in range(ROUNDS)], Barrier(2, timeout=20)

        def claim(handle: Store, owner: str, epoch: int) -> list[Reply]:
            replies = []
            for number in numbers:
                both.wait()
                replies += write(handle, _claim(number, 1, owner, epoch))
            return replies

        with ThreadPoolExecutor(2) as pool:
            mine, theirs = pool.submit(claim, store, "mine", 1), pool.submit(claim, other, "theirs", 2)

        refused = [{one.refused, another.refused} for one, another in zip(mine.result(), theirs.result(), strict=True)]
        assert refused == [{None, "version"}] * ROUNDS
        owners = ["mine" if one.refused is None else "theirs" for one in mine.result()]
        assert [read(other, number).owner for number in numbers] == owners

    def test_whoever_was_superseded_is_refused_whatever_it_writes(self, store: Store, other: Store) -> None:
        number = create(store, "one")
        write(store, _claim(number, 1, "mine", 1))
        write(other, _claim(number, 2, "theirs", 2))

        (update,) = write(store, Update(number, 3, {"reason_text": "late"}, epoch=1))
        (checkpoint,) = write(store, SaveCheckpoint(number=number, epoch=1, confirmed=5))

        assert (update.refused, checkpoint.refused) == ("epoch", "epoch")
        assert (read(other, number).reason_text, other.checkpoint(number)) == (None, None)

    def test_events_of_both_have_one_order_and_no_number_twice(self, store: Store, other: Store) -> None:
        def tell(handle: Store, name: str) -> None:
            for place in range(ROUNDS):
                write(handle, Append(happened(f"{name}{place}")))

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(tell, store, "a"), pool.submit(tell, other, "b")]:
                done.result()

        told = store.events(0, 10 * ROUNDS)
        assert [event.seq for event in told] == [event.seq for event in other.events(0, 10 * ROUNDS)] == sorted({event.seq for event in told})
        assert [event.operation for event in told if event.operation.startswith("a")] == [f"a{place}" for place in range(ROUNDS)]
        assert len(told) == 2 * ROUNDS

    def test_who_reads_on_from_where_it_stopped_misses_nothing_while_both_write(self, store: Store, other: Store) -> None:
        """An event that is seen after one with a greater number is one that nobody ever reads. One writes much at a time, the other little, and overtakes."""

        def tell(handle: Store, name: str, units: int, events: int) -> None:
            for place in range(units):
                write(handle, *(Append(happened(f"{name}{place}.{part}")) for part in range(events)))

        read_on: list[Event] = []
        with ThreadPoolExecutor(2) as pool:
            writing = [pool.submit(tell, store, "much", ROUNDS // 2, 20), pool.submit(tell, other, "little", 2 * ROUNDS, 1)]
            over, found = False, list(store.events(0, 100))
            while found or not over:
                read_on += found
                over = all(one.done() for one in writing)
                found = list(store.events(read_on[-1].seq if read_on else 0, 100))
            for one in writing:
                one.result()

        told = [event.id for event in store.events(0, 100 * ROUNDS)]
        assert sorted(set(told) - {event.id for event in read_on}) == []
        assert (len(read_on), len(told)) == (12 * ROUNDS, 12 * ROUNDS)

    def test_a_note_that_the_other_has_changed_is_not_overwritten(self, store: Store, other: Store) -> None:
        write(store, SaveNote(kind="beat", key="host", value=1))
        (seen,) = store.notes("beat").items
        write(other, SaveNote(kind="beat", key="host", value=2, seen=seen.version))

        (late,) = write(store, SaveNote(kind="beat", key="host", value=3, seen=seen.version))

        assert late.refused is not None
        assert [note.value for note in store.notes("beat").items] == [2]


def _claim(number: int, seen: int, owner: str, epoch: int) -> Update:
    return Update(number, seen, {"owner": owner, "epoch": epoch})
