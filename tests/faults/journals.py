"""Journals for the fault tests: opened, refused, filled."""

import logging
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from sendoff import Append, Insert, JournalFull, StoreRefused, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.store_sample import happened, sample
from sendoff_sqlite import SqliteSettings, SqliteStore

HERE = Path(__file__).parent


def store_in(folder, *, kind=SqliteStore, **settings):
    return kind(SqliteSettings(**settings), Toolkit(clock=SystemClock(), random=Random(1), log=logging.getLogger("test"), folder=folder))


@contextmanager
def opened(folder, **settings):
    store = store_in(folder, **settings)
    store.open()
    try:
        yield store
    finally:
        store.close()


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "journal.db-shm"}


def refusal(folder, **settings):
    """Why a journal is refused; asserts that not a byte in its folder changed."""
    before = contents(folder)
    with pytest.raises(StoreRefused) as caught, opened(folder, **settings):
        pass
    assert {name: content for name, content in contents(folder).items() if name in before or content} == before
    return f"{caught.value}; {caught.value.hint or ''}"


def fill(store):
    """Create until there is no room; the ids of those that were taken."""
    done = []
    with pytest.raises(JournalFull) as caught:
        for place in range(10**6):
            ids = [f"{place:05}-{step}" for step in range(5)]
            store.commit([[Insert(sample(id, metadata={"ballast": "x" * 500})), Append(happened(id))] for id in ids], synced=True)
            done.extend(ids)
    assert caught.value.hint
    assert done
    return done
