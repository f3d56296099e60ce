"""What every store promises whose journal lies elsewhere than its state folder. Subclass ``PurgingContract``."""

from __future__ import annotations

import pytest

from sendoff.errors import StoreRefused
from sendoff.model.change import Append, Insert, SaveCheckpoint, SaveNote, SaveTodo
from sendoff.model.query import Query
from sendoff.ports.store import Purging, Store
from sendoff.testing.store_sample import NOW, create, happened, names, sample, write


class PurgingContract:
    """What is purged is gone, all of it, and nobody else's is. Provide ``store``, a new journal, open, and ``stranger``.

    Example::

        class TestMyStorePurging(PurgingContract):
            @pytest.fixture
            def stranger(self, store, tmp_path):
                return lost(tmp_path / "stranger", store.settings)
    """

    @pytest.fixture
    def stranger(self) -> Store:
        """Not open: a store whose state folder has a journal of its own, and whose settings lead to the journal of ``store``, as after a slip of the pen."""
        raise pytest.UsageError("this contract needs the fixture `stranger`: a store of another state folder whose settings lead to the journal of `store`")

    def test_all_of_it_is_gone_and_what_is_opened_then_is_new(self, store: Store) -> None:
        journal = store.open().journal
        number = write(store, Insert(sample("one")), Append(happened("one")), SaveTodo(kind="notify", about="one", seen=0, payload={}, due=NOW))[0].number
        write(store, SaveNote(kind="kept", key="a", value=1), SaveCheckpoint(number=number, epoch=0, confirmed=5))

        purge(store)
        opened = store.open()

        assert opened.journal != journal
        assert (names(store, Query()), list(store.events(0, 10)), list(store.todos(NOW)), list(store.notes("kept").items)) == ([], [], [], [])
        assert store.checkpoint(create(store, "new")) is None

    def test_the_journal_of_another_folder_is_refused_and_nothing_of_it_is_touched(self, store: Store, stranger: Store) -> None:
        journal = store.open().journal
        create(store, "one")
        store.close()

        with pytest.raises(StoreRefused):
            purge(stranger)

        assert store.open().journal == journal
        assert names(store, Query()) == ["one"]
        assert [event.operation for event in store.events(0, 10)] == ["one"]


def purge(store: Store) -> None:
    """As a host does it: closed, the journal first, then what belongs to it in the state folder."""
    assert isinstance(store, Purging)
    store.close()
    store.purge()
    for pattern in store.files:
        for path in list(store.toolkit.folder.glob(pattern)):
            path.unlink()
