"""An owner of a journal, and a command with a desk in memory."""

import io
import json
from types import SimpleNamespace

import pytest
from sendoff.cli.main import run
from sendoff.desk.place import Place

from tests.core.coming import occupied
from tests.core.owned import Owned
from tests.core.small_desk import SmallDesk


@pytest.fixture
def owned(tmp_path):
    with Owned(tmp_path) as made:
        yield made


@pytest.fixture
def busy(owned):
    """The only slot of the owner is taken; called, it is free again."""
    with occupied(owned) as let_go:
        yield let_go


@pytest.fixture
def desk():
    return SmallDesk()


@pytest.fixture
def told(desk, tmp_path):
    """A command: its exit code, both its streams, and with --json its objects."""

    def tell(*words):
        results, notes = io.StringIO(), io.StringIO()
        place = Place(state=str(tmp_path / "state"), config=str(tmp_path / "sendoff.toml"))
        code = run(words, results, notes, lambda options: place, lambda place, spawn: desk)
        out = results.getvalue()
        objects = [json.loads(line) for line in out.splitlines()] if "--json" in words else []
        return SimpleNamespace(code=code, out=out, err=notes.getvalue(), objects=objects)

    return tell
