"""What people and their scripts build on, drawn from the code: commands, exit codes, the JSON, settings, codes of errors."""

import argparse
import re
import tomllib
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from sendoff.cli import exits
from sendoff.cli.commands import COMMANDS, parser_of
from sendoff.cli.exits import exit_code_of
from sendoff.cli.parser import Parser
from sendoff.cli.schema import document
from sendoff.drivers import Drivers
from sendoff.errors import SendoffError, classes
from sendoff.settings.keys import keys, written
from sendoff.settings.shape import Shape

from tests.house.interfaces.programs import pages

Facts = dict[str, Any]
Drawn = Iterator[tuple[str, Facts]]
ROOT = Path(__file__).parents[3]
PROMISED = {tomllib.loads(path.read_text())["project"]["name"] for path in ROOT.glob("plugins/*/*/pyproject.toml")}  # contrib is useful, and not promised

_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern", "multiple_of")
_COMMANDS = ROOT / "docs" / "reference" / "commands.md"
_TRIED = ("7", "0", "-7", "1.5", "5m", "2h", "10M", "word", "a,b", "K=V", "Name: v", "2030-01-02", "2030-01-02T03:04:05Z", "22:00", "22:00-06:00", "100K")


def commands() -> Drawn:
    """Every command with its words and options, and what an exit code says."""
    everywhere = Parser("", "", "")._actions
    yield from ((f"sendoff {_longest(action)}", _option(action, {})) for action in everywhere)
    for name, (_, words, _) in COMMANDS.items():
        yield f"sendoff {name}", _words(words)
        parser = parser_of(name)
        for action in parser._actions[len(everywhere) :]:
            yield f"sendoff {name} {_longest(action)}", _option(action, parser.alone)
    yield from ((f"exit {name}", {"value": value}) for name, value in vars(exits).items() if name.isupper() and isinstance(value, int))


def _words(usage: str) -> Facts:
    """Its words in order, how many of them it does not go without, and which of some words it takes."""
    actions = [word for group in re.findall(r"\{([^}]*)\}", usage) for word in group.split(",")]
    words = [word for word in re.findall(r"\[[^]]*\]|\S+", re.sub(r"\{[^}]*\}", "WORD", usage)) if not word.startswith(("[options", "[-"))]
    return {"words": words, "needs": len(re.sub(r"\[[^]]*\]", "", usage).split())} | ({"choices": actions} if actions else {})


def _longest(action: argparse.Action) -> str:
    return max(action.option_strings, key=len)


def _option(action: argparse.Action, alone: Mapping[str, str]) -> Facts:
    facts: Facts = {"takes": action.nargs if action.nargs is not None else 1, "also": sorted({*action.option_strings} - {_longest(action)})}
    facts |= {"choices": [*action.choices]} if action.choices else {}
    facts |= {"default": action.default} if action.default not in (None, False, "", argparse.SUPPRESS, []) else {}
    facts |= {"alone": alone[_longest(action)]} if _longest(action) in alone else {}
    facts |= {"stands for": action.const} if action.const not in (None, True) else {}
    facts |= {"reads": [word for word in _TRIED if _is_read(action.type, word)]} if callable(action.type) else {}
    facts |= {"needed": True} if action.required else {}
    return facts | ({"repeats": True} if isinstance(action, argparse._AppendAction) else {})


def _is_read(reader: Callable[[str], Any], word: str) -> bool:
    """What a reader is called is its own business; what it takes is not."""
    try:
        reader(word)
    except (SendoffError, argparse.ArgumentTypeError, TypeError, ValueError):
        return False
    return True


def answers() -> Drawn:
    """What commands print with ``--json`` besides operations and events: the keys that the page of commands tells, and those of a driver."""
    for command, text in re.findall(r"^## `([a-z-]+)\b[^\n]*\n(.*?)(?=^## |\Z)", _COMMANDS.read_text(), re.MULTILINE | re.DOTALL):
        keys_told = {key for told in re.findall(r"`(\{\"[^`]*)`", text) for key in re.findall(r'(?<!: )"(\w+)"(?=[,:}\s])', told)}
        yield from ((f"sendoff {command} {key}", {"is": "key"}) for key in sorted(keys_told))
    yield from ((f"sendoff plugins {key}", {"is": "key"}) for row in Drivers().describe() for key in row)


def variables() -> Drawn:
    """What is read from the environment besides the keys of the configuration."""
    yield from ((name, {"is": "variable"}) for name in pages().lookup.VARIABLES)


def errors() -> Drawn:
    """Every stable code, and what a program may decide by it."""
    for code, kind in classes().items():
        yield code, {"is": kind.__name__, "retryable": kind.retryable, "side": str(kind.side), "number": int(kind.web_error), "exit": exit_code_of(kind())}


# -- the JSON ---------------------------------------------------------------------------------------------------------


def schema() -> Drawn:
    """Every field of ``sendoff schema``, by the object that it is in."""
    for name, kind in document()["$defs"].items():
        yield from _field(name, kind)


def _field(name: str, kind: Any, **more: Any) -> Drawn:
    """A value, and what is in it. Whoever reads it relies on the whole shape, whoever looks for a word on that word."""
    words = kind.get("enum")
    inner = {"properties", "required", "enum", "const", "oneOf", "description", "type"}
    facts = {key: value for key, value in kind.items() if key not in inner} | more
    facts |= {"shape": _shape(kind["type"])} if "type" in kind else {}
    facts |= ({"choices": words} if words else {}) | ({"value": kind["const"]} if "const" in kind else {})
    yield name, facts
    for one in kind.get("oneOf", ()):
        yield from _field(f"{name}[{_label(one)}]", one)
    for key, value in kind.get("properties", {}).items():
        yield from _field(f"{name}.{key}", value, always=key in kind.get("required", ()))


def _shape(kind: Any) -> str:
    return kind if isinstance(kind, str) else " | ".join(sorted(kind))


def _label(kind: Any) -> str:
    """An alternative is known by its ``kind``."""
    found = kind["properties"]["kind"]
    return "/".join(found.get("enum", [found.get("const")]))


# -- settings ---------------------------------------------------------------------------------------------------------


def settings() -> Drawn:
    """Every key of the configuration file, the drivers' own among them."""
    for key in keys():
        field = _field_of(key.name)
        yield key.name, _key(field.annotation, key.default, key.needed, key.choices) | _bounds(field)
    drivers = Drivers()
    for found in drivers.describe():
        if found["state"] == "ok" and found["distribution"] in PROMISED:
            yield from _of_driver(f"{found['kind']}.{found['name']}", drivers.load(found["kind"], found["name"]))


def _of_driver(section: str, driver: Any) -> Drawn:
    for name, field in driver.Settings.model_fields.items():
        choices = tuple(str(one) for kind in _parts(field.annotation) if get_origin(kind) is Literal for one in get_args(kind))
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield (
            f"{section}.{field.alias or name}",
            _key(field.annotation, None if default is None else _written(default), field.is_required(), choices) | _bounds(field),
        )


def _key(annotation: Any, default: str | None, needed: bool, choices: tuple[str, ...]) -> Facts:
    facts: Facts = {"type": _type(annotation)} | ({"default": default} if default is not None else {})
    return facts | ({"needed": True} if needed else {}) | ({"choices": [*choices]} if choices else {})


def _bounds(field: Any) -> Facts:
    """What a value, or one of several, must keep to besides its type."""
    inner = (one for kind in _parts(field.annotation) if get_origin(kind) is Annotated for one in kind.__metadata__)
    found: Facts = {}
    for one in (*field.metadata, *inner):
        parts = getattr(one, "metadata", None) or [one]  # a Field in an annotation has its own
        found |= {word: getattr(part, word) for part in parts for word in _BOUNDS if isinstance(getattr(part, word, None), int | float | str)}
    return found


def _field_of(name: str) -> Any:
    """A key of the core, which stands in a section that may have a name or come several times."""
    section: Any = Shape
    for word in name.removesuffix(".NAME").replace(".NAME.", ".").split("."):
        found = section.model_fields[word]
        section = next((kind for kind in _parts(found.annotation) if hasattr(kind, "model_fields")), None)
    return found


def _type(annotation: Any) -> str:
    """A type by the names of what it is made of; what is checked besides is the key's own business."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return "word"
    if origin in (Union, types.UnionType):
        return " | ".join(_type(one) for one in inner)
    name = {type(None): "None", Ellipsis: "..."}.get(annotation, getattr(origin or annotation, "__name__", str(annotation)))
    return f"{name}[{', '.join(map(_type, inner))}]" if inner else name


def _parts(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _parts(inner)


def _written(value: Any) -> str:
    try:
        return written(value)
    except TypeError:
        return str(value)
