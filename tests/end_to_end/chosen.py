"""Which drivers the end-to-end promises are run with: ``--store --transport --sink``, each the name of one of ours or a counterpart of somebody's own."""

import importlib
import importlib.util
import os
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
from sendoff.testing.counterpart import Counterpart, toml, variables

from tests.conftest import USUAL
from tests.end_to_end import counterparts
from tests.end_to_end.machine import Machine
from tests.end_to_end.stage import Stage


def chosen(config, kind):
    """The counterpart that an option names. Errors: ``pytest.UsageError`` with what to write."""
    word = config.getoption(kind, default=None) or USUAL[kind]
    found = _of_ours(kind, word) if ":" not in word else _of_somebody(word)
    if not (isinstance(found, type) and issubclass(found, Counterpart)):
        raise pytest.UsageError(f"--{kind} {word}: {found!r} is not a subclass of sendoff.testing.counterpart.Counterpart")
    return found()


@contextmanager
def at_work(config, kind):
    """The counterpart that an option names, entered. One that skips fails in CI: what somebody has asked for is to run there."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(chosen(config, kind))
        except pytest.skip.Exception as missing:
            if os.environ.get("CI"):
                pytest.fail(f"the {kind} that was asked for cannot run in CI: {missing.msg}")
            raise
        yield found


def is_usual(config, kind):
    """Whether the suite runs with what it was written with."""
    return (config.getoption(kind, default=None) or USUAL[kind]) == USUAL[kind]


@pytest.fixture(scope="session", autouse=True)
def store_of_all(request, private_home):
    """The store that was asked for, which every stage and machine uses; None = the usual one, of which nobody says a word."""
    if is_usual(request.config, "store"):
        yield None
        return
    with at_work(request.config, "store") as found, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stage, "store", found)
        patch.setattr(Machine, "store", found)
        yield found


@pytest.fixture(autouse=True)
def store_of_this_process(request, store_of_all, monkeypatch):
    """What the test itself connects to is what its stage has: the state folder ``state`` of its own."""
    if store_of_all is not None:
        for name, value in variables(store_of_all, request.getfixturevalue("tmp_path") / "state").items():
            monkeypatch.setenv(name, value)


class At:
    """A counterpart as one stage sees it: each of its methods without the folder."""

    def __init__(self, counterpart, folder):
        self.counterpart, self.folder = counterpart, folder

    def __getattr__(self, name):
        return partial(getattr(self.counterpart, name), self.folder)


@pytest.fixture(scope="session")
def chosen_transport(request):
    with at_work(request.config, "transport") as found:
        yield found


@pytest.fixture
def there(stage, chosen_transport):
    """The place that the destination ``there`` of the stage leads to."""
    stage.environment |= chosen_transport.environment(stage.state)
    stage.config.write_text(f'{stage.config.read_text()}[retry]\nbackoff = ["0.1s", "0.5s"]\n[destinations.there]\n{toml(chosen_transport, stage.state)}')
    return At(chosen_transport, stage.state)


@pytest.fixture(scope="session")
def chosen_sink(request):
    with at_work(request.config, "sink") as found:
        yield found


@pytest.fixture
def audience(stage, chosen_sink):
    """Whoever is told by the one sink of the stage."""
    stage.environment |= chosen_sink.environment(stage.state)
    stage.config.write_text(f"{stage.config.read_text()}[[sinks]]\n{toml(chosen_sink, stage.state)}")
    return At(chosen_sink, stage.state)


def _of_ours(kind, word):
    known = {one.driver: one for one in counterparts.OURS[kind]}
    if word not in known:
        raise pytest.UsageError(f"--{kind} {word}: known by name are {', '.join(sorted(known))}; another is named as path/to/file.py:Class or module:Class")
    return known[word]


def _of_somebody(word):
    place, _, name = word.rpartition(":")
    try:
        return getattr(_module(place), name)
    except (ImportError, OSError, AttributeError) as cause:
        raise pytest.UsageError(f"{word} names no counterpart: {type(cause).__name__}: {cause}") from cause


def _module(place):
    if not place.endswith(".py"):
        return importlib.import_module(place)
    path = Path(place).resolve()
    name = f"counterpart_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
