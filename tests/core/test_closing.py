"""Drivers that are let go: one that hangs keeps no other open, and nobody waits for each of many."""

import threading
import time

import pytest
from sendoff.runtime import closing
from sendoff.runtime.closing import Closing


@pytest.fixture
def held():
    go = threading.Event()
    yield lambda: go.wait(60)
    go.set()


def test_one_that_hangs_keeps_no_other_of_its_driver_open_and_nobody_waits_for_each(held, monkeypatch, caplog):
    monkeypatch.setattr(closing, "_WITHIN", 0.2)
    letting_go, others = Closing(), [threading.Event() for _ in range(50)]
    letting_go.close("the transport http", held)
    began = time.monotonic()

    for one in others:
        letting_go.close("the transport http", one.set)

    assert all(one.wait(30) for one in others)
    assert time.monotonic() - began < 5
    assert caplog.text.count("the transport http is not closed yet after 0.2 seconds; it is left behind") == 1


def test_one_that_fails_is_named(caplog):
    def fails() -> None:
        raise SystemExit(3)

    Closing().close("the transport http", fails)

    assert "the transport http could not be closed" in caplog.text


def test_two_at_once_are_both_waited_for(monkeypatch):
    monkeypatch.setattr(closing, "_WITHIN", 60.0)
    letting_go, first, closed = Closing(), threading.Event(), []
    slow = threading.Thread(target=letting_go.close, args=("it", lambda: first.wait(60)))
    slow.start()

    letting_go.close("it", lambda: closed.append(first.set()))
    slow.join(60)

    assert closed == [None]
    assert not slow.is_alive()
