"""One server for all, a schema for each."""

import uuid

import pytest

from contrib.stores.postgres.tests.database import Postgres, store_in


@pytest.fixture(scope="session")
def database(tmp_path_factory):
    """A PostgreSQL server that lives as long as the tests."""
    with Postgres(tmp_path_factory.mktemp("postgres"), synced=False) as server:
        yield server


@pytest.fixture
def schema():
    """A name that no other test uses."""
    return f"test_{uuid.uuid4().hex}"


@pytest.fixture
def settings(database, schema):
    """Of a journal that nobody has made yet."""
    return database.settings(schema=schema)


@pytest.fixture
def store(settings, tmp_path):
    """Not yet open."""
    made = store_in(tmp_path / "state", settings)
    yield made
    made.close()
