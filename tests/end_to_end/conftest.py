"""Where what is played end to end takes place."""

import pytest

from tests.end_to_end.stage import Stage


@pytest.fixture
def stage(tmp_path):
    """A state folder, a configuration, real commands and real hosts."""
    with Stage(tmp_path) as made:
        yield made
