"""Values put into the configuration file; what else stands there, comments too, stays as it is."""

from __future__ import annotations

import os
import stat
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sendoff.desk.folder import sync
from sendoff.errors import ConfigurationError, StoreRefused


def save(config: str, changes: Mapping[str, Any]) -> None:
    """Writes values by key, ``limits.bandwidth``; in one step, and only what can be read afterwards. Errors: ``ConfigurationError``, ``StoreRefused``."""
    path = Path(os.path.realpath(config))  # a link stays one
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, _changed(path.read_bytes() if path.exists() else b"", changes, config), config)
    except OSError as cause:
        raise StoreRefused(f"{path} cannot be written: {cause.strerror}") from cause


def _replace(path: Path, data: bytes, config: str) -> None:
    """It takes the old one's place, once it was seen to be a configuration; until then nobody else can read it."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            _check(Path(name), config)
            _let_read(path, handle)
            os.fsync(handle)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
    sync(path.parent)


def _check(new: Path, config: str) -> None:
    from sendoff.settings import load

    try:
        load(new, os.environ)
    except ConfigurationError as fault:
        raise ConfigurationError(fault.message.replace(str(new), config), hint=fault.hint, **fault.facts) from None


def _let_read(path: Path, handle: int) -> None:
    """It belongs to those to whom the old one does, before they may read it."""
    if not path.exists():
        return
    old, new = path.stat(), os.fstat(handle)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(handle, old.st_uid, old.st_gid)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _changed(data: bytes, changes: Mapping[str, Any], config: str) -> bytes:
    """The text with other values in it, if it then says what it should; its lines end as they did."""
    import tomlkit

    try:
        written = data.decode("utf-8")
        ending = "\r\n" if 0 < written.count("\r\n") == written.count("\n") else "\n"
        text = written.replace(ending, "\n")
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
    return changed.replace("\n", ending).encode()


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
