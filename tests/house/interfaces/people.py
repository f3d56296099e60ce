"""What people and their scripts build on, drawn from the code: commands, exit codes, the JSON, settings, codes of errors."""

import argparse
import re
import tomllib
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from sendoff.cli import exits
from sendoff.cli.commands import COMMANDS, parser_of
from sendoff.cli.exits import exit_code_of
from sendoff.cli.parser import Parser
from sendoff.cli.schema import document
from sendoff.drivers import Drivers
from sendoff.errors import classes
from sendoff.settings.keys import keys, written
from sendoff.settings.shape import Shape

Facts = dict[str, Any]
Drawn = Iterator[tuple[str, Facts]]
ROOT = Path(__file__).parents[3]
PROMISED = {tomllib.loads(path.read_text())["project"]["name"] for path in ROOT.glob("plugins/*/*/pyproject.toml")}  # contrib is useful, and not promised


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
    """How many words it does not go without, and which of some words it takes."""
    actions = [word for group in re.findall(r"\{([^}]*)\}", usage) for word in group.split(",")]
    return {"needs": len(re.sub(r"\[[^]]*\]", "", usage).split())} | ({"choices": actions} if actions else {})


def _longest(action: argparse.Action) -> str:
    return max(action.option_strings, key=len)


def _option(action: argparse.Action, alone: Mapping[str, str]) -> Facts:
    facts: Facts = {"takes": action.nargs if action.nargs is not None else 1, "also": sorted({*action.option_strings} - {_longest(action)})}
    facts |= {"choices": [*action.choices]} if action.choices else {}
    facts |= {"default": action.default} if action.default not in (None, False, "", argparse.SUPPRESS, []) else {}
    facts |= {"alone": alone[_longest(action)]} if _longest(action) in alone else {}
    return facts | ({"repeats": True} if isinstance(action, argparse._AppendAction) else {})


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
        yield key.name, _key(_annotation(key.name), key.default, key.needed, key.choices)
    drivers = Drivers()
    for found in drivers.describe():
        if found["state"] == "ok" and found["distribution"] in PROMISED:
            yield from _of_driver(f"{found['kind']}.{found['name']}", drivers.load(found["kind"], found["name"]))


def _of_driver(section: str, driver: Any) -> Drawn:
    for name, field in driver.Settings.model_fields.items():
        choices = tuple(str(one) for kind in _parts(field.annotation) if get_origin(kind) is Literal for one in get_args(kind))
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        yield f"{section}.{field.alias or name}", _key(field.annotation, None if default is None else _written(default), field.is_required(), choices)


def _key(annotation: Any, default: str | None, needed: bool, choices: tuple[str, ...]) -> Facts:
    facts: Facts = {"type": _type(annotation)} | ({"default": default} if default is not None else {})
    return facts | ({"needed": True} if needed else {}) | ({"choices": [*choices]} if choices else {})


def _annotation(name: str) -> Any:
    """The type of a key of the core, which stands in a section that may have a name or come several times."""
    section: Any = Shape
    for word in name.removesuffix(".NAME").replace(".NAME.", ".").split("."):
        found = section.model_fields[word].annotation
        section = next((kind for kind in _parts(found) if hasattr(kind, "model_fields")), None)
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
