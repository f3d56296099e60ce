"""The contract of stores notices each promise that is broken."""

import pytest
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.store_contract import StoreContract

from tests.contract import broken_store_reading, broken_stores

MODULES = {**vars(broken_stores), **vars(broken_store_reading)}
STORES = {store.breaks: store for store in MODULES.values() if getattr(store, "breaks", "")}
PROMISES = sorted(name for name in dir(StoreContract) if name.startswith("test_"))


def keep(promise, store):
    store.open()
    getattr(StoreContract(), promise)(store)


def test_every_promise_has_a_store_that_breaks_it():
    assert PROMISES == sorted(STORES)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_broken_promise_is_noticed(promise):
    keep(promise, MemoryStore())

    with pytest.raises((AssertionError, pytest.fail.Exception)):
        keep(promise, STORES[promise]())
