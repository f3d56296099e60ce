"""An owner of a journal, a command with a desk in memory, and distributions that were installed a moment ago."""

import io
import json
import sys
from types import SimpleNamespace

import pytest
from sendoff.cli.main import run
from sendoff.desk.place import Place

from tests.core.coming import occupied
from tests.core.owned import Owned
from tests.core.small_desk import SmallDesk

TRANSPORT = """
from pydantic import BaseModel, ConfigDict
from sendoff import Aborting, Probing, Transport

class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    part_size: int = 5
    secret_key: int = 0
    protocol: str = "auto"

class {name}(Transport, Aborting):
    schemes = {schemes}
    Settings = Options
    def target(self, name): ...
    def send(self, shipment): ...
    def abort(self, leftover): ...
"""


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


@pytest.fixture
def install(tmp_path, monkeypatch):
    """A distribution with one module and its entry points, as pip leaves it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution, entry_points, module=None, text="", version="1.0", requires=()):
        about = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        about.mkdir()
        needs = "".join(f"Requires-Dist: {one}\n" for one in requires)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{needs}")
        (about / "entry_points.txt").write_text(entry_points)
        if module:
            (tmp_path / f"{module}.py").write_text(text)
            monkeypatch.delitem(sys.modules, module, raising=False)

    return install


@pytest.fixture
def transport(install):
    """A transport of this name, in a distribution of its own."""

    def transport(name, schemes, distribution=None, module=None):
        module = module or f"strange_{name}"
        entry_points = f"[sendoff.transports]\n{name} = {module}:Strange\n"
        install(distribution or f"strange-{name}", entry_points, module, TRANSPORT.format(name="Strange", schemes=schemes))

    return transport
