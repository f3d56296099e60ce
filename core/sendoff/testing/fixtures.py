"""Fixtures for an application's own tests: write ``pytest_plugins = ["sendoff.testing.fixtures"]`` into its ``conftest.py``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import sendoff
from sendoff.api.client import Client
from sendoff.api.connection import SHARED
from sendoff.desk.place import find_place
from sendoff.testing.rehearsal import MemoryClient, client


@pytest.fixture
def sendoff_config() -> Mapping[str, Any]:
    """What is configured for ``sendoff_client``; a fixture of this name in your own ``conftest.py`` takes its place.

    Example: ``{"destinations": {"archive": {"url": "https://archive.example/in/"}}}``
    """
    return {}


@pytest.fixture
def sendoff_client(monkeypatch: pytest.MonkeyPatch, sendoff_config: Mapping[str, Any]) -> Iterator[MemoryClient]:
    """A ``sendoff.testing.client()`` that ``sendoff.put`` and its kin, ``sendoff.connect()`` and ``BackgroundUploader()`` use, too, as long as the test lasts.

    Code that took ``connect`` itself (``from sendoff import connect``) before the test has the real one.

    Example::

        def test_what_is_handed_over_arrives(sendoff_client):
            sendoff.put(b"hello", "https://far.example/greeting").wait()
            assert sendoff_client.receiver.stored["https://far.example/greeting"] == b"hello"
    """

    def connect(**_: Any) -> Client:
        return made.another()

    async def aconnect(**_: Any) -> Client:
        return made.another()

    with client(config=sendoff_config) as made:
        state = made._connection.place.state
        monkeypatch.setenv("SENDOFF_STATE_DIR", state)
        monkeypatch.setitem(SHARED._connections, find_place(os.environ), made._connection)
        monkeypatch.setattr(sendoff, "connect", connect)
        monkeypatch.setattr(sendoff, "aconnect", aconnect)
        yield made
