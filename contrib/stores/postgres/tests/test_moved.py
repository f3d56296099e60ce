"""The store in a database keeps what is promised of a journal that is purged, that comes from another machine, or is to be saved."""

import pytest
from sendoff.testing.purging_contract import PurgingContract
from sendoff.testing.salvaging_contract import SalvagingContract

from contrib.stores.postgres.tests.database import store_in

pytestmark = pytest.mark.needs_server


class TestPostgresPurging(PurgingContract):
    @pytest.fixture
    def store(self, store):
        store.open()
        return store

    @pytest.fixture
    def stranger(self, store, database, schema, tmp_path):
        own = store_in(tmp_path / "stranger", database.settings(schema=f"{schema}_of_another"))
        own.open()
        own.close()
        return store_in(tmp_path / "stranger", store.settings)


class TestPostgresSalvaging(SalvagingContract):
    @pytest.fixture
    def store(self, store, tmp_path):
        (tmp_path / "a").write_text("a" * 32)
        store.machine_files = (tmp_path / "a",)
        store.open()
        return store

    @pytest.fixture
    def moved(self, store, tmp_path):
        (tmp_path / "b").write_text("b" * 32)
        moved = store_in(store.toolkit.folder, store.settings)
        moved.machine_files = (tmp_path / "b",)
        yield moved
        moved.close()
