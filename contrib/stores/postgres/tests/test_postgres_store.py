"""The store in a database keeps what every store promises."""

import pytest
from sendoff.testing.store_contract import StoreContract

from contrib.stores.postgres.tests.database import store_in


@pytest.mark.needs_server
class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path, settings):
        store = store_in(tmp_path / "state", settings)
        store.open()
        self.opened = [store]
        yield store
        for one in self.opened:
            one.close()

    def reopen(self, store):
        store.close()
        again = store_in(store.toolkit.folder, store.settings)
        again.open()
        self.opened.append(again)
        return again
