import html

import pytest
from sendoff.testing.message_contract import MessageSinkContract
from sendoff_desktop.sink import DesktopSink

pytestmark = pytest.mark.needs_server


class TestDesktop(MessageSinkContract):
    """At a daemon that takes markup: what it is told is escaped, and what can be read is not."""

    @pytest.fixture
    def driver(self):
        return DesktopSink

    @pytest.fixture
    def options(self, desk):
        return {}

    @pytest.fixture
    def shown(self, desk):
        return lambda: [(row["summary"], html.unescape(row["body"])) for row in desk.shown()]


class TestDesktopWithoutMarkup(TestDesktop):
    @pytest.fixture
    def options(self, lone_bus):
        lone_bus.start_dunst(markup="no")
        return {}

    @pytest.fixture
    def shown(self, lone_bus):
        return lambda: [(row["summary"], row["body"]) for row in lone_bus.shown()]
