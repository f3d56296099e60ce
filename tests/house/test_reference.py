"""What is public says what it gives, what it takes, in which units, what goes wrong, and shows it; its examples run."""

import dataclasses
import doctest
import enum
import importlib
import importlib.util
import inspect
import os
import re
from pathlib import Path

import pytest
import sendoff
import sendoff.testing
from sendoff.api.connection import SHARED
from sendoff.desk.place import find_place

ROOT = Path(__file__).parents[2]


def loaded(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = loaded(ROOT / "docs" / "pages.py")
FACE = {**{name: getattr(sendoff, name) for name in sendoff.__all__}, "testing.client": sendoff.testing.client}
CLASSES = {name: value for name, value in FACE.items() if inspect.isclass(value) and value is not int}
FUNCTIONS = {name: value for name, value in FACE.items() if inspect.isfunction(value)}
TWIN = re.compile(r"``(\w+)`` for ``(await|async for)``")
ELSEWHERE = re.compile(r"\b(?:See|As) ``(\w+)\.(\w+)``")
DRIVERS_OWN = ("settings", "toolkit", "destination")  # what every driver is made with
NAMED = re.compile(r"Example: ``([\w.]+):(\w+)``")  # a driver of ours that does it


METHODS = {f"{name}.{member}": value for name, kind in CLASSES.items() if not issubclass(kind, Exception) for member, value in PAGES.members(kind).items()}


def text_of(value):
    return inspect.cleandoc((value.__func__ if isinstance(value, classmethod | staticmethod) else value).__doc__ or "")


def says(text, name):
    """Whether a docstring has ``name:``, alone or in a row (``offset, length:``)."""
    return re.search(rf"(?:^|[\s(]){name}(?:, \w+)*: ", text) is not None


def lacking(function, text):
    """What a function's docstring leaves out; one that says the same as another refers to it."""
    if TWIN.search(text):
        return []
    if found := ELSEWHERE.search(text):
        assert hasattr(FACE[found[1]], found[2])
        return []
    function = function.__func__ if isinstance(function, classmethod | staticmethod) else function
    taken = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]
    return [name for name in taken if not says(text, name)] + (["Errors:"] if taken and "Errors" not in text else [])


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_public_function_says_what_it_takes_what_goes_wrong_and_shows_it(name):
    text = text_of(FUNCTIONS[name])

    assert text and len(text.splitlines()[0]) <= 160
    assert lacking(FUNCTIONS[name], text) == []
    assert TWIN.search(text) or ">>>" in text or "Example" in text


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_public_method_says_what_it_takes_and_what_goes_wrong(name):
    text = text_of(METHODS[name])

    assert text, "what is public has a docstring"
    assert isinstance(METHODS[name], property) or lacking(METHODS[name], text) == []


@pytest.mark.parametrize("name", sorted(name for name, kind in CLASSES.items() if not issubclass(kind, Exception)))
def test_a_public_class_says_what_it_is_made_of_and_shows_it(name):
    kind, text = CLASSES[name], text_of(CLASSES[name])
    numbers = [one.name for one in dataclasses.fields(kind) if re.search(r"\b(int|float)\b", str(one.type))] if dataclasses.is_dataclass(kind) else []
    made = inspect.signature(kind).parameters if not (numbers or dataclasses.is_dataclass(kind) or issubclass(kind, enum.Enum | dict)) else ()
    taken = [one for one in made if one not in ("args", "kwargs", *DRIVERS_OWN)] if name not in PAGES.GIVEN else []

    assert [one for one in (*numbers, *taken) if not says(text, one)] == []
    assert ">>>" in text or "Example" in text


DRIVERS = {name: found for name, kind in CLASSES.items() if (found := NAMED.search(text_of(kind)))}


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_a_driver_that_a_contract_names_as_its_example_is_one(name):
    found = DRIVERS[name]

    assert issubclass(getattr(importlib.import_module(found[1]), found[2]), CLASSES[name])


SHOWN = {name: value for name, value in {**FACE, **METHODS}.items() if ">>>" in text_of(value) if name != "Moment"}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A program's: ``a.iso`` beside it, a destination ``archive``, and a client in memory that everything of ``sendoff`` uses."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "a.iso").write_bytes(b"x" * 4096)
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        sendoff.testing.client(config={"destinations": {"archive": {"url": "https://archive.example/"}}}) as client,
    ):
        monkeypatch.chdir(folder)
        monkeypatch.setenv("SENDOFF_STATE_DIR", client._connection.place.state)
        monkeypatch.setitem(SHARED._connections, find_place(os.environ), client._connection)
        monkeypatch.setattr(sendoff, "connect", lambda **_: client.another())
        yield


@pytest.mark.parametrize("name", sorted(SHOWN))
def test_an_example_in_a_docstring_runs_as_it_stands(name, world):
    test = doctest.DocTestParser().get_doctest(text_of(SHOWN[name]), {"sendoff": sendoff}, name, None, 0)
    told = []

    failed, tried = doctest.DocTestRunner(verbose=False).run(test, out=told.append)

    assert tried and not failed, "".join(told)
