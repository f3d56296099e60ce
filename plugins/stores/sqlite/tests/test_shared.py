"""The store on disk keeps what is promised of one that several have open, that is killed, and that is long."""

import logging
from random import Random

import pytest
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.endurance_contract import KilledStoreContract, ManyRowsContract
from sendoff.testing.sharing_contract import SharedStoreContract
from sendoff_sqlite import SqliteStore

ELSEWHERE = """
import logging
from pathlib import Path
from random import Random
from sendoff import Toolkit
from sendoff.ports.clock import SystemClock
from sendoff_sqlite import SqliteStore
store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=Path({folder!r})))
store.open()
"""


def opened(folder):
    store = SqliteStore(None, Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=folder))
    store.open()
    return store


@pytest.fixture
def store(tmp_path):
    store = opened(tmp_path / "state")
    yield store
    store.close()


class TestSqliteShared(SharedStoreContract):
    @pytest.fixture
    def other(self, store):
        other = opened(store.toolkit.folder)
        yield other
        other.close()


class TestSqliteKilled(KilledStoreContract):
    @pytest.fixture
    def elsewhere(self, store):
        return ELSEWHERE.format(folder=str(store.toolkit.folder))


@pytest.mark.campaign
class TestSqliteWithAMillion(ManyRowsContract):
    """A million rows."""
