"""The store in memory keeps what the one on disk promises."""

import pytest
from sendoff.testing.endurance_contract import ManyRowsContract
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.sharing_contract import SharedStoreContract
from sendoff.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        store = MemoryStore()
        store.open()
        yield store
        store.close()


@pytest.fixture
def memory():
    store = MemoryStore()
    store.open()
    yield store
    store.close()


class TestMemoryStoreShared(SharedStoreContract):
    """Two hosts of one process."""

    @pytest.fixture
    def store(self, memory):
        return memory

    @pytest.fixture
    def other(self, memory):
        return memory


class TestMemoryStoreWithMany(ManyRowsContract):
    """As many as fit a test."""

    rows = 20_000

    @pytest.fixture
    def store(self, memory):
        return memory
