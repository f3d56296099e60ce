"""Where what is played end to end takes place."""

import pytest
import sendoff

from tests.end_to_end.chosen import audience, chosen_sink, chosen_transport, store_of_all, store_of_this_process, there  # noqa: F401 fixtures
from tests.end_to_end.completing import HANDLERS, QUICK, Work
from tests.end_to_end.stage import Stage


@pytest.fixture
def stage(tmp_path):
    """A state folder, a configuration, real commands and real hosts."""
    with Stage(tmp_path) as made:
        yield made


@pytest.fixture
def work(stage, monkeypatch):
    """A place where programs can import ``handlers``, and completion groups call them; this process is one of these programs."""
    stage.config.write_text(QUICK)
    (stage.folder / "handlers.py").write_text(HANDLERS)
    monkeypatch.syspath_prepend(str(stage.folder))
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        yield Work(stage, client)
