"""What every store promises; a store's tests are a subclass of this and a fixture."""

from __future__ import annotations

from sendoff.model.change import Append, Checkpoint, Insert, SaveCheckpoint, SaveNote, SaveTodo
from sendoff.model.query import Query
from sendoff.ports.store import Store
from sendoff.testing.store_queueing import DuePromises, LanePromises
from sendoff.testing.store_reading import FactReadingPromises, FindPromises, ForgettingPromises, HistoryPromises
from sendoff.testing.store_sample import LANE, NOW, due_names, happened, names, sample, write
from sendoff.testing.store_writing import CheckpointPromises, FactPromises, OperationPromises, UnitPromises


class LastingPromises:
    """What was committed is there when the journal is opened again."""

    def reopen(self, store: Store) -> Store:
        """The same journal, closed and opened again; a store that cannot be opened twice gives another instance."""
        store.close()
        store.open()
        return store

    def test_what_was_written_is_there_when_it_is_opened_again(self, store: Store) -> None:
        reply, event, *_ = write(
            store,
            Insert(sample("one")),
            Append(happened("one")),
            SaveNote(kind="k", key="a", value=1),
            SaveTodo(kind="k", about="one", seen=0, payload=1),
        )
        write(store, SaveCheckpoint(number=reply.number, epoch=0, session=b"s", confirmed=5))

        again = self.reopen(store)

        assert (names(again, Query()), due_names(again)) == (["one"], ["one"])
        assert [event.seq] == [one.seq for one in again.events(0, 10)]
        assert Checkpoint(session=b"s", confirmed=5) == again.checkpoint(reply.number)
        assert ([todo.payload for todo in again.todos(NOW)], [note.value for note in again.notes("k").items]) == ([1], [1])
        assert [lane.key for lane in again.lanes(NOW).items] == [LANE]

    def test_it_is_the_same_journal_when_it_is_opened_again(self, store: Store) -> None:
        """Opening one that is open already is allowed and tells the same."""
        first = store.open()
        again = self.reopen(store)

        assert first == again.open()
        assert first.journal
        assert first.schema >= 1


class StoreContract(
    OperationPromises,
    UnitPromises,
    CheckpointPromises,
    FactPromises,
    LanePromises,
    DuePromises,
    FindPromises,
    HistoryPromises,
    FactReadingPromises,
    ForgettingPromises,
    LastingPromises,
):
    """Every store keeps these promises. Provide the fixture ``store``: a new journal, open, closed afterwards.

    Override ``reopen`` where another instance is to open the same journal.

    Example::

        class TestMine(StoreContract):
            @pytest.fixture
            def store(self, tmp_path):
                store = made(tmp_path)
                store.open()
                yield store
                store.close()
    """
