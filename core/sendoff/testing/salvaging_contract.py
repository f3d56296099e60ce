"""What every store promises whose journal may come from another machine, or be damaged. Subclass ``SalvagingContract``."""

from __future__ import annotations

import pytest

from sendoff.errors import StoreRefused
from sendoff.model.query import Query
from sendoff.ports.store import Salvaging, Store
from sendoff.testing.store_sample import create, names


class SalvagingContract:
    """One machine has a journal until another takes it over; a sound one is not saved from anything. Provide ``store``, a new journal, open, and ``moved``.

    Example::

        class TestMyStoreSalvaging(SalvagingContract):
            @pytest.fixture
            def moved(self, store):
                return of_machine("b", store.settings, store.toolkit)
    """

    @pytest.fixture
    def moved(self) -> Store:
        """Not open: the journal of ``store`` as another machine sees it, that has its files and its settings."""
        raise pytest.UsageError("this contract needs the fixture `moved`: the journal of `store` as another machine sees it, not open")

    def test_another_machine_is_refused_and_changes_nothing(self, store: Store, moved: Store) -> None:
        opened = store.open()
        create(store, "one")
        store.close()

        with pytest.raises(StoreRefused) as refused:
            moved.open()

        assert refused.value.hint, "nobody would know how to go on"
        assert store.open() == opened
        assert names(store, Query()) == ["one"]

    def test_what_is_adopted_is_the_same_journal_and_this_machine_s_from_now_on(self, store: Store, moved: Store) -> None:
        before = store.open()
        create(store, "one")
        store.close()

        adopted = salvaging(moved).adopt()

        assert (adopted.journal, adopted.machine != before.machine) == (before.journal, True)
        assert moved.open() == adopted
        assert names(moved, Query()) == ["one"]
        moved.close()
        with pytest.raises(StoreRefused):
            store.open()

    def test_what_is_this_machine_s_already_can_be_adopted_and_stays_as_it_is(self, store: Store) -> None:
        opened = store.open()
        create(store, "one")
        store.close()

        assert salvaging(store).adopt() == opened
        assert names(store, Query()) == ["one"]

    def test_of_a_sound_journal_nothing_is_changed(self, store: Store) -> None:
        opened = store.open()
        create(store, "one")
        events = list(store.events(0, 10))
        store.close()

        salvage = salvaging(store).recover()

        assert (salvage.journal, salvage.kept, salvage.lost, salvage.uncertain) == (opened.journal, "", (), ())
        assert (dict(salvage.saved), dict(salvage.unreadable)) == ({}, {})
        assert store.open() == opened
        assert (names(store, Query()), list(store.events(0, 10))) == (["one"], events)


def salvaging(store: Store) -> Salvaging:
    """The store, which says of itself that it can be taken over and saved."""
    assert isinstance(store, Salvaging)
    return store
