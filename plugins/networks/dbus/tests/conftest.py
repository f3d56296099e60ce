"""A message bus of the test's own."""

import pytest

from tests.servers.message_bus import MessageBus


@pytest.fixture
def bus(tmp_path):
    with MessageBus(tmp_path / "bus") as made:
        yield made
