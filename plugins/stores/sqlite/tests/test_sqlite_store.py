"""The store on disk keeps what every store promises."""

import logging
from random import Random

import pytest
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.store_contract import StoreContract
from sendoff_sqlite import SqliteStore


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=tmp_path / "state"))
        store.open()
        self.opened = [store]
        yield store
        for one in self.opened:
            one.close()

    def reopen(self, store):
        store.close()
        again = SqliteStore(store.settings, store.toolkit)
        again.open()
        self.opened.append(again)
        return again
