"""A section of a TOML file, changed where it stands; whatever else the file holds, comments above all, stays as it is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sendoff import InvalidArgument

if TYPE_CHECKING:
    from tomlkit import TOMLDocument


def with_section(text: str, name: str, entry: Mapping[str, str]) -> str:
    """The text, with exactly these keys in the section. Errors: ``InvalidArgument`` where something else has that name, or it cannot be done faithfully."""
    said = tomllib.loads(text)
    if not isinstance(said.get(name, {}), dict):
        raise InvalidArgument(f"{name} in it is no section", hint=f"take {name} out of it by hand")

    def fill(held: TOMLDocument) -> None:
        if name in held:
            _fill(held[name], entry)
        else:
            held[name] = dict(entry)

    return _changed(text, fill, {**said, name: dict(entry)}, name)


def without_section(text: str, name: str) -> str:
    """The text without the section; comments that stand between it and the next stay."""
    said = tomllib.loads(text)

    def take_out(held: TOMLDocument) -> None:
        places = [place for place, (key, _) in enumerate(held.body) if key is not None and key.key == name]
        for place in reversed(places):
            held.body[place : place + 1] = _tail_of(held.body[place][1])

    return _changed(text, take_out, {key: value for key, value in said.items() if key != name}, name)


def _fill(section: Any, entry: Mapping[str, str]) -> None:
    """Values in their place, new keys before the comments that stand between it and the next."""
    tail = _tail_of(section)
    for key in [key for key in section if key not in entry]:
        del section[key]
    for key, value in entry.items():
        if section.get(key) != value:
            section[key] = value
    if tail:
        section.value.body.extend(tail)


def _tail_of(section: Any) -> list[Any]:
    """Takes the blank lines and comments after its last key out of it: they are counted to it, and belong to what comes next."""
    from tomlkit.items import Table

    if not isinstance(section, Table):
        return []
    body = section.value.body
    last = max((place for place, (key, _) in enumerate(body) if key is not None), default=-1)
    tail, body[last + 1 :] = body[last + 1 :], []
    return [*(_tail_of(body[last][1]) if last >= 0 else ()), *tail]


def _changed(text: str, change: Callable[[TOMLDocument], None], wanted: Mapping[str, Any], name: str) -> str:
    """The text after a change, if it then says what it should."""
    import tomlkit

    try:
        held = tomlkit.parse(text)
        change(held)
        changed = tomlkit.dumps(held)
        if tomllib.loads(changed) == wanted:
            return changed
    except Exception as cause:  # noqa: BLE001 the library knows a few texts less than the standard does, and says so in many ways
        fault = type(cause).__name__
    else:
        fault = "something else would change"
    raise InvalidArgument(f"[{name}] in it cannot be changed: {fault}", hint="change it by hand")
