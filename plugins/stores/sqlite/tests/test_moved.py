"""The store on disk keeps what is promised of a journal that comes from another machine, or is to be saved."""

import logging
from random import Random

import pytest
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.salvaging_contract import SalvagingContract
from sendoff_sqlite import SqliteStore


class TestSqliteSalvaging(SalvagingContract):
    @pytest.fixture
    def of_machine(self, tmp_path):
        """Makes the store in this folder as a machine with this id sees it."""
        toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=tmp_path / "state")
        made = []

        def of_machine(id):
            store = SqliteStore(None, toolkit)
            (tmp_path / id).write_text(id * 32)
            store.machine_files = (tmp_path / id,)
            made.append(store)
            return store

        yield of_machine
        for store in made:
            store.close()

    @pytest.fixture
    def store(self, of_machine):
        store = of_machine("a")
        store.open()
        return store

    @pytest.fixture
    def moved(self, of_machine):
        return of_machine("b")
