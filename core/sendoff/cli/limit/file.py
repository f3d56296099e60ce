"""Values put into the configuration file; what else stands there, comments too, stays as it is."""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sendoff.errors import ConfigurationError, StoreRefused

SUFFIX = ".new"


def save(config: str, changes: Mapping[str, Any]) -> None:
    """Writes values by key, ``limits.bandwidth``; in one step, and only what can be read afterwards. Errors: ``ConfigurationError``, ``StoreRefused``."""
    path = Path(os.path.realpath(config))  # a link stays one
    new = path.with_name(path.name + SUFFIX)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        new.write_text(_changed(text, changes, config), encoding="utf-8")
        if path.exists():
            shutil.copymode(path, new)
        _take(path, new)
    except OSError as cause:
        raise StoreRefused(f"{cause.filename or path}: {cause.strerror}") from cause
    finally:
        new.unlink(missing_ok=True)


def _changed(text: str, changes: Mapping[str, Any], config: str) -> str:
    """The text with other values in it, if it then says what it should."""
    import tomlkit

    try:
        said = tomllib.loads(text)
        document = tomlkit.parse(text)
        for name, value in changes.items():
            section, *place, key = name.split(".")
            way = (section, ".".join(place), key) if place else (section, key)
            _put(document, way, value)
            said = _with(said, way, value)
        changed = tomlkit.dumps(document)
        fault = None if tomllib.loads(changed) == said else "something else would change with it"
    except Exception as cause:  # a file may be anything, and the library says in many ways that it cannot
        raise ConfigurationError(f"{config} cannot be changed as it stands: {cause}", hint="sendoff config edit says what is wrong with it") from cause
    if fault is not None:
        raise ConfigurationError(f"{config} cannot be changed as it stands: {fault}", hint="change it by hand: sendoff config edit")
    return changed


def _put(table: Any, way: Sequence[str], value: Any) -> None:
    """A value in its place; a new key stands before the comments between its section and the next."""
    import tomlkit

    for name in way[:-1]:
        table = table[name] if name in table else table.setdefault(name, tomlkit.table(is_super_table=len(way) > 2 and name == way[0]))
    tail = [] if way[-1] in table or not isinstance(table, tomlkit.items.Table) else _tail_of(table)
    table[way[-1]] = value
    table.value.body.extend(tail)


def _tail_of(table: Any) -> list[Any]:
    """Takes the blank lines and comments after its last key out of a section: they are counted to it, and belong to what comes next."""
    body = table.value.body
    last = max((place for place, (key, _) in enumerate(body) if key is not None), default=-1)
    tail, body[last + 1 :] = body[last + 1 :], []
    return list(tail)


def _with(said: Mapping[str, Any], way: Sequence[str], value: Any) -> dict[str, Any]:
    """What the file is to say."""
    return {**said, way[0]: _with(said.get(way[0], {}), way[1:], value) if len(way) > 1 else value}


def _take(path: Path, new: Path) -> None:
    """It takes the old one's place, once it was seen to be a configuration."""
    from sendoff.settings import load

    load(new, os.environ)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
