"""What tests of every room ask for."""

import pytest
from sendoff.testing.receiver import Receiver


@pytest.fixture
def receiver(tmp_path):
    """A server that takes what it is sent; a test that needs a slow or a broken one has its own."""
    with Receiver(tmp_path / "received") as made:
        yield made
