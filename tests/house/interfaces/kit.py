"""What tests of plugins build on, drawn from the modules that the page about testing names: contracts with what they ask for, and worlds."""

import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from tests.house.interfaces import programs
from tests.house.interfaces.programs import ROOT, Drawn

PAGE = ROOT / "docs" / "extending" / "testing.md"
_MADE = type(pytest.fixture(lambda: None))  # what the decorator makes of a function


def testing() -> Drawn:
    """Every module of the table on the page, but ``sendoff.testing`` itself, which is a part of the face."""
    for name in re.findall(r"^\| `sendoff\.testing\.(\w+)` \|", PAGE.read_text(), re.MULTILINE):
        module = importlib.import_module(f"sendoff.testing.{name}")
        yield name, {"is": "module"}
        for key, value in _of(module).items():
            if inspect.isclass(value):
                yield from _class(f"{name}.{key}", value)
            else:
                yield from _single(f"{name}.{key}", value)


def _of(module: ModuleType) -> Mapping[str, Any]:
    """What is written in it, or in a package of this name."""
    found = {key: value for key, value in vars(module).items() if not key.startswith("_") and not inspect.ismodule(value)}
    return {key: value for key, value in found.items() if _home(value).startswith(module.__name__)}


def _home(value: Any) -> str:
    return str(getattr(_function_of(value), "__module__", "")) if _is_single(value) or inspect.isclass(value) else ""


def _is_single(value: Any) -> bool:
    return inspect.isfunction(value) or isinstance(value, _MADE)


def _function_of(value: Any) -> Any:
    return value._get_wrapped_function() if isinstance(value, _MADE) else value


def _single(name: str, value: Any) -> Drawn:
    if isinstance(value, _MADE):
        yield name, {"is": "fixture"}
    else:
        yield from programs.function(name, value)


def _class(name: str, kind: type) -> Drawn:
    """A contract is drawn with the fixtures that its promises ask for; the author must write those that raise until he does."""
    members = _members(kind)
    promised = [value for key, value in members.items() if key.startswith("test_")]
    if not promised and not any(isinstance(value, _MADE) for value in members.values()):
        written = inspect.isabstract(kind) or getattr(kind, "_is_protocol", False)  # by authors, as a port is
        yield from programs.port(name, kind) if written else programs.class_(name, kind)
        return
    yield name, {"is": "contract", "bases": sorted(one.__name__ for one in kind.__mro__[1:-1] if one.__module__.startswith("sendoff.testing"))}
    own = {key: value for key, value in members.items() if isinstance(value, _MADE)}
    for asked in sorted({*own, *(one for value in (*promised, *own.values()) for one in _parameters(value))} - _brought()):
        yield f"{name}[{asked}]", {"is": "fixture", "needed": asked not in own or _must_be_written(own[asked])}
    for key, value in members.items():
        if key not in own and not key.startswith(("test_", "_")) and inspect.isfunction(value):
            yield from programs.function(f"{name}.{key}", value)


def _members(kind: type) -> Mapping[str, Any]:
    found: dict[str, Any] = {}
    for one in reversed(kind.__mro__):
        found |= vars(one) if one.__module__.startswith("sendoff.testing") else {}
    return found


def _parameters(value: Any) -> Iterator[str]:
    """The fixtures that a function asks for; words of a table of cases are none."""
    function = _function_of(value)
    if not inspect.isfunction(function):
        return
    words = {word.strip() for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize" for word in _names(mark.args[0])}
    yield from (one for one in inspect.signature(function).parameters if one != "self" and one not in words)


def _names(words: Any) -> list[str]:
    return words.split(",") if isinstance(words, str) else [*words]


def _must_be_written(fixture: Any) -> bool:
    return "UsageError" in _function_of(fixture).__code__.co_names


def _brought() -> set[str]:
    """What pytest brings."""
    return {"request", "tmp_path", "tmp_path_factory", "monkeypatch", "capsys", "caplog", "recwarn", "subtests"}
