"""The store in a database keeps what every store promises."""

import pytest
from sendoff.testing.store_contract import LastingPromises, StoreContract

from contrib.stores.postgres.tests.database import store_in


class Opened:
    """A new journal for each test."""

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


@pytest.mark.needs_server
class TestPostgresStoreLasts(Opened, LastingPromises):
    """What the ordinary run asks of it."""


@pytest.mark.campaign
@pytest.mark.needs_server
class TestPostgresStore(Opened, StoreContract):
    """All that every store promises."""
