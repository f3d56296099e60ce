"""Every key of the configuration file: its default as one would write it, and what it means."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, Literal, NamedTuple, get_origin

from sendoff.settings.shape import Shape


class Key(NamedTuple):
    """One key. name: ``limits.spool``; what has a name of its own is ``destinations.NAME.url``, what may come several times ``sinks.use``.

    default: as the file would have it; None when there is none. needed: its section is not complete without it. choices: the only words it may have.
    example: a value to show where there is no default.
    """

    name: str
    default: str | None
    needed: bool
    meaning: str
    choices: tuple[str, ...]
    example: str | None


def keys() -> list[Key]:
    """All of them, in the order of the file's sections; ``ValueError`` where what they mean is not known, or is told of keys that do not exist."""
    told = tomllib.loads((files("sendoff.settings") / "meanings.toml").read_text(encoding="utf-8"))
    examples = told.pop("examples")
    found = [Key(name, default, needed, told.get(name, ""), choices, examples.get(name)) for name, default, needed, choices in _keys(Shape, "")]
    differing = {key.name for key in found} ^ told.keys() | examples.keys() - told.keys()
    if differing:
        raise ValueError(f"core/sendoff/settings/meanings.toml and the shape of the configuration differ in {', '.join(sorted(differing))}")
    return found


def key_for(place: str, known: Iterable[Key]) -> Key | None:
    """The key that a place in a file is of: ``destinations.archive.url``, ``sinks.0.use``."""
    for key in known:
        pattern = re.escape(key.name).replace("NAME", "[^.]+")
        if re.fullmatch(pattern, place) or re.fullmatch(pattern.replace(r"sinks\.", r"sinks\.\d+\."), place):
            return key
    return None


def template(known: Sequence[Key]) -> str:
    """A configuration file that changes nothing: every key as a comment, with what it means."""
    lines, section = list(_HEAD), ""
    for key in known:
        table, _, word = key.name.rpartition(".")
        if key.name == "transports.NAME":
            table, word = key.name, ""
        if table != section:
            section = table
            lines += ["", f"#{_heading(table)}"]
        lines += [f"# {key.meaning}{_choices(key)}"] + ([f"#{word} = {key.example or key.default}"] if word else [])
    return "\n".join(lines) + "\n"


def _choices(key: Key) -> str:
    return f" ({', '.join(key.choices)})" if key.choices else ""


_HEAD = (
    "# The configuration of sendoff. Nothing here is in force: to change a key, take the # from before it and from before the [section] above it.",
    "# `sendoff config explain KEY` says more about a key, `sendoff config show` what is in force. The host reads this file again when it changes.",
    "",
)
_NAMES = {"destinations": "archive", "credentials": "media", "transports": "http"}


def _heading(table: str) -> str:
    first = table.partition(".")[0]
    return f"[[{table}]]" if first == "sinks" else f"[{table.replace('NAME', _NAMES.get(first, ''))}]"


def _keys(model: Any, prefix: str) -> Iterator[tuple[str, str | None, bool, tuple[str, ...]]]:
    """Every key below a section, a section by name as ``NAME``."""
    for name, field in model.model_fields.items():
        inner = next((kind for kind in _kinds(field.annotation) if hasattr(kind, "model_fields")), None)
        by_name = getattr(field.annotation, "__origin__", None) is dict and not prefix
        word = f"{prefix}{name}.NAME" if by_name else f"{prefix}{name}"
        if inner is None:
            default = None if by_name or field.is_required() else field.get_default(call_default_factory=True)
            choices = tuple(str(one) for kind in _kinds(field.annotation) if get_origin(kind) is Literal for one in kind.__args__)
            yield word, None if default is None else written(default), field.is_required(), choices
        else:
            yield from _keys(inner, f"{word}.")


def _kinds(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _kinds(inner)


def written(value: Any) -> str:
    """A value as the file has it; a float is a length of time, a large number a size."""
    if isinstance(value, float):
        units = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
        return next((f'"{value / size:.0f}{unit}"' for size, unit in units if value % size == 0), f'"{value}s"')
    if isinstance(value, int) and value >= 1 << 20 and not value % (1 << 20):
        return f'"{value >> 20}M"' if value % (1 << 30) else f'"{value >> 30}G"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(written(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{json.dumps(name)} = {written(one)}' for name, one in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)
