"""The contracts of stores whose journal is purged, adopted or saved notice each promise that is broken."""

import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from sendoff import Opened, Purging, Salvage, Salvaging, StoreRefused
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.purging_contract import PurgingContract
from sendoff.testing.salvaging_contract import SalvagingContract
from sendoff.testing.store_sample import create


@dataclass
class Shelf:
    """Where a journal lies, elsewhere than in any state folder."""

    journal: str = ""
    machine: str = ""
    kept: dict = field(default_factory=dict)


class Sound(MemoryStore, Purging, Salvaging):
    """Keeps its journal on a shelf, and in its state folder whose it is."""

    files = ("journal.id",)

    def __init__(self, shelf, folder, machine="a"):
        super().__init__(shelf, SimpleNamespace(folder=folder))
        self.machine, self._mark = machine, folder / "journal.id"
        folder.mkdir(exist_ok=True)

    def open(self):
        if not self.settings.journal:
            self.begin()
        if not self._mark.exists():
            self._mark.write_text(self.settings.journal)
        self.check()
        self.__dict__.update(self.settings.kept)
        return Opened(journal=self.settings.journal, schema=1, machine=self.settings.machine)

    def begin(self):
        new = {name: value for name, value in vars(MemoryStore()).items() if name not in ("settings", "toolkit")}
        self.settings.journal, self.settings.machine, self.settings.kept = str(uuid.uuid4()), self.machine, new
        self._mark.write_text(self.settings.journal)

    def check(self, hint="take it over: sendoff host start --adopt"):
        if self.machine != self.settings.machine:
            raise StoreRefused("it belongs to another machine", hint=hint)
        if self._mark.read_text() != self.settings.journal:
            raise StoreRefused("it belongs to another folder")

    def purge(self):
        self.check()
        self.settings.journal = ""

    def adopt(self):
        self.settings.machine = self.machine
        return self.open()

    def recover(self):
        return Salvage(journal=self.open().journal, saved={}, unreadable={})


class OnlySaysThatItPurges(Sound):
    def purge(self):
        self.check()


class LeavesTheRows(Sound):
    """A new name for what is there."""

    def begin(self):
        kept = self.settings.kept
        super().begin()
        self.settings.kept = kept or self.settings.kept


class PurgesWhateverIsThere(Sound):
    def purge(self):
        self.settings.journal = ""


class EmptiesAndThenRefuses(Sound):
    def purge(self):
        self.settings.kept["_records"].clear()
        self.settings.kept["_order"].clear()
        super().purge()


class OfAnyMachine(Sound):
    def check(self):
        pass


class RefusesWithoutAWord(Sound):
    def check(self):
        super().check(hint=None)


class IsMovedByLooking(Sound):
    def open(self):
        try:
            return super().open()
        finally:
            self.settings.machine = self.machine


class AdoptsByBeginningAnew(Sound):
    def adopt(self):
        self.begin()
        return self.open()


class ForgetsWhoseItIs(Sound):
    """Adopts for this once only."""

    def adopt(self):
        before, opened = self.settings.machine, super().adopt()
        self.settings.machine = before
        return opened


class RenamesWhatItAdopts(Sound):
    def adopt(self):
        self.settings.journal = str(uuid.uuid4())
        self._mark.write_text(self.settings.journal)
        return super().adopt()


class SavesWhatIsSound(Sound):
    def recover(self):
        return replace(super().recover(), kept="journal.damaged", saved={"operations": 1})


class LosesTheHistory(Sound):
    def recover(self):
        self.settings.kept["_events"].clear()
        return super().recover()


CASES = [
    (PurgingContract, "all_of_it_is_gone_and_what_is_opened_then_is_new", OnlySaysThatItPurges),
    (PurgingContract, "all_of_it_is_gone_and_what_is_opened_then_is_new", LeavesTheRows),
    (PurgingContract, "the_journal_of_another_folder_is_refused_and_nothing_of_it_is_touched", PurgesWhateverIsThere),
    (PurgingContract, "the_journal_of_another_folder_is_refused_and_nothing_of_it_is_touched", EmptiesAndThenRefuses),
    (SalvagingContract, "another_machine_is_refused_and_changes_nothing", OfAnyMachine),
    (SalvagingContract, "another_machine_is_refused_and_changes_nothing", RefusesWithoutAWord),
    (SalvagingContract, "another_machine_is_refused_and_changes_nothing", IsMovedByLooking),
    (SalvagingContract, "what_is_adopted_is_the_same_journal_and_this_machine_s_from_now_on", AdoptsByBeginningAnew),
    (SalvagingContract, "what_is_adopted_is_the_same_journal_and_this_machine_s_from_now_on", ForgetsWhoseItIs),
    (SalvagingContract, "what_is_this_machine_s_already_can_be_adopted_and_stays_as_it_is", RenamesWhatItAdopts),
    (SalvagingContract, "of_a_sound_journal_nothing_is_changed", SavesWhatIsSound),
    (SalvagingContract, "of_a_sound_journal_nothing_is_changed", LosesTheHistory),
]


def run(contract, promise, kind, folder):
    """One promise, with stores of this kind."""
    folder.mkdir()
    test, shelf = getattr(contract(), f"test_{promise}"), Shelf()
    store, others = kind(shelf, folder / "state"), {"stranger": kind(shelf, folder / "stranger"), "moved": kind(shelf, folder / "state", machine="b")}
    store.open()
    Path(folder / "stranger" / "journal.id").write_text("of another journal")
    test(store, **{name: other for name, other in others.items() if name in test.__func__.__code__.co_varnames})


@pytest.mark.parametrize(("contract", "promise", "kind"), CASES, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_promise_is_noticed(contract, promise, kind, tmp_path):
    run(contract, promise, Sound, tmp_path / "sound")

    with pytest.raises((AssertionError, StoreRefused, pytest.fail.Exception)):
        run(contract, promise, kind, tmp_path / "broken")


def test_every_promise_has_a_store_that_breaks_it():
    promises = {(contract, name.removeprefix("test_")) for contract in (PurgingContract, SalvagingContract) for name in vars(contract) if name[:5] == "test_"}

    assert promises == {(contract, promise) for contract, promise, _ in CASES}


def test_what_is_sound_has_what_was_written(tmp_path):
    """Or the others would be caught by an empty journal."""
    shelf = Shelf()
    store = Sound(shelf, tmp_path / "state")
    store.open()
    create(store, "one")

    assert len(shelf.kept["_records"]) == 1
