"""What programs and authors of plugins build on, drawn from the code: the face, the ports, the hooks."""

import ast
import importlib
import inspect
import sys
import textwrap
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, get_origin

import sendoff
import sendoff.testing
from sendoff import hookspecs

Facts = dict[str, Any]
Drawn = Iterator[tuple[str, Facts]]
ROOT = Path(__file__).parents[3]
CALLED = "__call__"
_SPOKEN = ("enter", "exit", "aenter", "aexit", "await", "len", "iter", "aiter", "next", "anext", "getitem", "contains", "bool", "int", "str", "bytes", "fspath")
ASKED = {f"__{name}__" for name in _SPOKEN}  # by the language


def face() -> Drawn:
    """Every public name but the ports, and what ``sendoff.testing`` gives."""
    for name, module in sendoff._MODULE_OF.items():
        if not module.startswith("ports."):
            yield from _thing(name, getattr(sendoff, name))
    for name in sendoff.testing.__all__:
        yield from _thing(f"testing.{name}", getattr(sendoff.testing, name))


def ports() -> Drawn:
    """What authors implement, and what they are given for it."""
    for name, module in sendoff._MODULE_OF.items():
        if module.startswith("ports."):
            value = getattr(sendoff, name)
            yield from port(name, value) if inspect.isclass(value) and ABC in value.__mro__ else _thing(name, value)


def hooks() -> Drawn:
    """Every lifecycle hook; a listener takes any of its arguments, so that there may be more one day."""
    for name, hook in vars(hookspecs).items():
        if name.startswith("sendoff_"):
            asked = inspect.signature(hook)
            yield name, {"is": "hook", "answers": str(asked.return_annotation)}
            yield from ((f"{name}({one.name})", {"told": str(one.annotation)}) for one in asked.parameters.values())


def _thing(name: str, value: Any) -> Drawn:
    if inspect.isclass(value) and value is not int:
        yield from class_(name, value)
    elif inspect.isfunction(value):
        yield from function(name, value)
    else:
        yield name, {"is": "alias", "shape": str(value) if get_origin(value) else type(value).__name__}


def class_(name: str, kind: type) -> Drawn:
    yield name, {"is": "class", "bases": _bases(kind)}
    protocol, given = getattr(kind, "_is_protocol", False), pages().GIVEN
    if issubclass(kind, Enum):
        yield from ((f"{name}.{one.name}", {"value": one.value}) for one in kind)
    elif issubclass(kind, dict):
        needed = getattr(kind, "__required_keys__", frozenset())
        yield from ((f"{name}.{key}", {"type": _text(what), "needed": key in needed}) for key, what in kind.__annotations__.items())
    elif protocol:
        yield from ((f"{name}.{key}", {"gives": _text(what)}) for key, what in kind.__annotations__.items() if not key.startswith("_"))
    elif name not in given:
        yield from _parameters(name, kind)
    found = _members(kind)
    for member, value in found.items():
        yield from _member(f"{name}.{member}", value)
    if not protocol and not issubclass(kind, Enum | dict):
        theirs = {attribute for one in kind.__mro__[1:] if one.__name__ in sendoff.__all__ for attribute in _attributes(one)}
        taken = {one.name for _, one in _asked(kind)} if "__init__" not in vars(kind) or is_dataclass(kind) else set()  # its constructor tells them
        told = {*found, *taken} | theirs
        yield from ((f"{name}.{key}", {"is": "attribute", "gives": what}) for key, what in _attributes(kind).items() if key not in told)


def _attributes(kind: type) -> Mapping[str, str]:
    """What every one of a class has besides methods and properties: what the class names, and what its ``__init__`` sets."""
    found: dict[str, str] = {}
    for one in (one for one in reversed(kind.__mro__) if one.__module__.startswith("sendoff")):
        found |= {key: _text(what) for key, what in vars(one).get("__annotations__", {}).items()}
        for key in _set_by(vars(one).get("__init__")):
            found.setdefault(key, "Any")
    return {key: what for key, what in found.items() if not key.startswith("_") and key not in pages().INNER}


def _set_by(made: Any) -> list[str]:
    """The names of each ``self.name =`` in a function, in order; of none where Python wrote it."""
    if not inspect.isfunction(made) or made.__qualname__.startswith("__create_fn__") or not made.__code__.co_filename.endswith(".py"):
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(made)))
    return [
        node.attr for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name) and node.value.id == "self"
    ]  # fmt: skip


def _member(name: str, value: Any) -> Drawn:
    if isinstance(value, property):
        yield name, {"is": "property", "gives": _text(inspect.signature(value.fget).return_annotation), "settable": value.fset is not None}
    elif isinstance(value, classmethod):
        yield from function(name, value.__func__, "classmethod")
    else:
        yield from function(name, value)


def function(name: str, called: Any, kind: str = "function") -> Drawn:
    kind = f"async {kind}" if inspect.iscoroutinefunction(called) else kind
    yield name, {"is": kind, "gives": _text(inspect.signature(called).return_annotation)}
    yield from _parameters(name, called)


def _parameters(name: str, function: Any) -> Drawn:
    """What a caller may or must give; ``place`` where it may stand without its name."""
    for place, one in _asked(function):
        facts: Facts = {"type": _text(one.annotation)}
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            facts["needed"] = True
        elif one.default is not one.empty:
            facts["default"] = _default(one.default)
        yield f"{name}({_written(one)})", facts | _placed(one, place)


def port(name: str, kind: type) -> Drawn:
    """What an author writes: what the core hands over stays as it is, and what is abstract stays little."""
    yield name, {"is": "port", "bases": _bases(kind)}
    for key, what in vars(kind).get("__annotations__", {}).items():
        if not key.startswith("_"):
            yield f"{name}.{key}", {"shape": _text(what), "needed": key not in vars(kind)}
    protocol = getattr(kind, "_is_protocol", False)
    made = {"": kind.__init__} if kind.__init__ is not object.__init__ and not protocol else {}
    for member, value in {**made, **_members(kind)}.items():
        whole, function = f"{name}.{member}".rstrip("."), value.__func__ if isinstance(value, classmethod) else value
        if member:
            yield (
                whole,
                {"is": "method", "needed": protocol or member in kind.__abstractmethods__, "answers": _text(inspect.signature(function).return_annotation)},
            )
        for place, one in _asked(function):
            yield f"{whole}({_written(one)})", {"handed": _text(one.annotation)} | _placed(one, place)


def _bases(kind: type) -> list[str]:
    """What everybody may take it for."""
    return sorted(one.__name__ for one in kind.__mro__[1:-1] if one.__name__ in sendoff.__all__ or one.__module__ == "builtins")


def _members(kind: type) -> Mapping[str, Any]:
    """What a class has of its own; what it has of another public one is told there."""
    theirs = {name for one in kind.__mro__[1:] if one.__name__ in sendoff.__all__ for name in {**pages().members(one), **_spoken(one)}}
    called = {CALLED: vars(kind)[CALLED]} if CALLED in vars(kind) and getattr(kind, "_is_protocol", False) else {}
    own = {name: value for name, value in {**pages().members(kind), **_spoken(kind)}.items() if name not in theirs or name in vars(kind)}
    return {name: value for name, value in {**own, **called}.items() if not name.startswith("test")}


def _spoken(kind: type) -> Mapping[str, Any]:
    """What the language itself asks of a class: ``with``, ``len()``, ``for``."""
    found: dict[str, Any] = {}
    for one in (one for one in reversed(kind.__mro__) if one.__module__.startswith("sendoff")):
        found |= {name: value for name, value in vars(one).items() if name in ASKED and inspect.isfunction(value)}
    return found


def _asked(function: Any) -> Iterator[tuple[int, inspect.Parameter]]:
    found = [one for one in inspect.signature(function).parameters.values() if one.name not in ("self", "cls")]
    yield from enumerate(found)


def _written(one: inspect.Parameter) -> str:
    return {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "") + one.name


def _placed(one: inspect.Parameter, place: int) -> Facts:
    """Where it may stand without its name, and whether it has none."""
    if one.kind is one.POSITIONAL_ONLY:
        return {"place": place, "nameless": True}
    return {"place": place} if one.kind is one.POSITIONAL_OR_KEYWORD else {}


def _default(value: Any) -> str:
    return "..." if repr(value).startswith("<") and not isinstance(value, Enum) else str(pages()._value(value))


def _text(annotation: Any) -> str:
    """A type as it is written; nothing said is ``Any``."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    return annotation if isinstance(annotation, str) else getattr(annotation, "__forward_arg__", None) or str(annotation)


@cache
def pages() -> Any:
    """``docs/pages.py``, which knows what of a class is public."""
    folder = str(ROOT / "docs")
    if folder not in sys.path:  # where no test runner has put it
        sys.path.insert(0, folder)
    return importlib.import_module("pages")
