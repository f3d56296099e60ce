"""The journal that is damaged, moved and filled up here."""

import pytest
from sendoff.testing.store_sample import create

from tests.end_to_end.chosen import store_of_all, store_of_this_process  # noqa: F401 they are for every test here
from tests.faults.journals import opened


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def journal(folder):
    """A closed journal with ten operations."""
    with opened(folder) as store:
        for place in range(10):
            create(store, str(place))
    return folder / "journal.db"
