"""Values as JSON documents and back; fields that have their default are left out."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from sendoff.errors import Json

Value = TypeVar("Value")
Turn = Callable[[Any], Any]


def encode(value: Any) -> Json:
    """A frozen value as plain JSON values; fields that have their default are left out. value: one of this package's. Errors: none of ours.

    >>> sendoff.encode(sendoff.Demand(verify="size"))
    {'verify': 'size'}
    """
    if isinstance(value, str | int | float | None):
        return int(value) if isinstance(value, Enum) and isinstance(value, int) else value
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    found = {}
    for name, default in _defaults(cast(Any, type(value))):
        item = getattr(value, name)
        if item != default:
            found[name] = encode(item)
    return found


def decode(kind: type[Value], data: Mapping[str, Json]) -> Value:
    """The value that ``encode`` described; unknown keys are ignored, so that an older reader understands a newer writer.

    kind: its class. data: what ``encode`` gave. Errors: ``TypeError`` where a field is missing.

    >>> sendoff.decode(sendoff.Demand, {"verify": "size"}).verify
    'size'
    """
    turns = _turns(cast(Any, kind))
    return kind(**{name: turns[name](item) for name, item in data.items() if name in turns})


@cache
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    found = []
    for one in dataclasses.fields(kind):
        default = one.default_factory() if one.default_factory is not dataclasses.MISSING else one.default
        found.append((one.name, default))
    return tuple(found)


@cache
def _turns(kind: Any) -> dict[str, Turn]:
    hints = typing.get_type_hints(kind)
    return {one.name: _turn(hints[one.name]) for one in dataclasses.fields(kind)}


def _turn(hint: Any) -> Turn:
    """How one field comes back from JSON."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [_turn(argument) for argument in arguments if argument is not type(None)]
        return lambda item: None if item is None else inner[0](item)
    if origin is tuple:
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            each = _turn(arguments[0])
            return lambda item: tuple(each(one) for one in item)
        return tuple
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return lambda item: decode(hint, item)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return lambda item: item
