"""What it does, in real uploads to a receiver in memory; it is told because it is installed."""

import logging
from importlib.metadata import entry_points

import pytest
from sendoff import UploadFailed
from sendoff.testing import client


@pytest.fixture(autouse=True)
def installed():
    why = "sendoff-example is not installed: python -m pip install '.[test]'"
    assert entry_points(group="sendoff.hooks", name="sendoff-example"), why


def test_what_landed_is_told(caplog):
    caplog.set_level(logging.INFO)
    with client() as uploads:
        uploads.put(b"hello", "https://far.example/greeting").wait()

    assert "https://far.example/greeting is there: 5 bytes after 1 tries" in caplog.messages


def test_what_failed_is_told(caplog):
    with client() as uploads, pytest.raises(UploadFailed):
        uploads.receiver.answer(403)
        operation = uploads.put(b"hello", "https://far.example/greeting")
        operation.wait()

    assert [line for line in caplog.messages if line.startswith(f"{operation.id} failed: ")]
