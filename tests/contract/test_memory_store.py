"""The store in memory keeps what the one on disk promises."""

import pytest
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.store_contract import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        store = MemoryStore()
        store.open()
        yield store
        store.close()
