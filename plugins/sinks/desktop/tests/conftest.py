"""Desktops, and sinks that show notifications on them."""

from logging import getLogger
from random import Random

import pytest
from sendoff import Message, Notice, SinkToolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.sink_contract import NOON
from sendoff_desktop.sink import DesktopSink

from plugins.sinks.desktop.tests.desk import Desk, missing


@pytest.fixture
def lone_bus(tmp_path_factory, monkeypatch):
    """A login where nobody shows notifications."""
    if missing():
        pytest.skip(f"no desktop: {missing()}")
    desk = Desk(tmp_path_factory.mktemp("desk") / "run")
    for name, value in desk.environment.items():
        monkeypatch.setenv(name, value)
    yield desk
    desk.close()


@pytest.fixture
def desk(lone_bus):
    """A login where dunst does."""
    lone_bus.start_dunst()
    return lone_bus


@pytest.fixture
def toolkit(tmp_path):
    return SinkToolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.test"), folder=tmp_path, credential={}.__getitem__)


@pytest.fixture
def sink(toolkit):
    """Makes sinks with these settings, and closes them."""
    made = []

    def make(**settings):
        made.append(DesktopSink(DesktopSink.Settings(**settings), toolkit))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def told():
    """Makes notices of what a person is to read."""

    def told(title="Upload failed", text="a.iso", **words):
        return Notice(id="n-1", type="failed", time=NOON, message=Message(title=title, text=text, **words))

    return told
