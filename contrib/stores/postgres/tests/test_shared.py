"""The store in a database keeps what is promised of one that several have open, that is killed, and that is long."""

import pytest
from sendoff.testing.endurance_contract import KilledStoreContract, ManyRowsContract
from sendoff.testing.sharing_contract import SharedStoreContract

from contrib.stores.postgres.tests.database import store_in

pytestmark = [pytest.mark.campaign, pytest.mark.needs_server]

ELSEWHERE = """
from pathlib import Path
from contrib.stores.postgres.tests.database import store_in
from sendoff_postgres import PostgresSettings
store = store_in(Path({folder!r}), PostgresSettings(dsn={dsn!r}, schema={schema!r}))
store.open()
"""


@pytest.fixture
def store(tmp_path, settings):
    store = store_in(tmp_path / "state", settings)
    store.open()
    yield store
    store.close()


class TestPostgresShared(SharedStoreContract):
    @pytest.fixture
    def other(self, tmp_path, settings):
        """Another folder's, as a second host has it."""
        other = store_in(tmp_path / "another", settings)
        other.open()
        yield other
        other.close()


class TestPostgresKilled(KilledStoreContract):
    @pytest.fixture
    def elsewhere(self, store, settings):
        return ELSEWHERE.format(folder=str(store.toolkit.folder), dsn=settings.dsn, schema=settings.schema_)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
class TestPostgresWithAMillion(ManyRowsContract):
    """A million rows."""
