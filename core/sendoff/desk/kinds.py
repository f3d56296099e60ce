"""Values of JSON as what they must be: each is given back, or an ``InvalidArgument`` says what was expected and never what came."""

from __future__ import annotations

from typing import Any

from sendoff.errors import InvalidArgument, Json


def text(name: str, value: Json) -> str:
    """A text."""
    if type(value) is not str:
        raise InvalidArgument(f"{name}: a text is expected, not {shown(value)}")
    return value


def text_or_none(name: str, value: Json) -> str | None:
    """A text, or nothing."""
    return None if value is None else text(name, value)


def number(name: str, value: Json) -> int:
    """A whole number."""
    if type(value) is not int:
        raise InvalidArgument(f"{name}: a whole number is expected, not {shown(value)}")
    return value


def number_or_none(name: str, value: Json) -> int | None:
    """A whole number, or nothing."""
    if value is not None and type(value) is not int:
        raise InvalidArgument(f"{name}: a whole number is expected, not {shown(value)}")
    return value


def numbers(name: str, value: Json) -> tuple[int, ...]:
    """A list of whole numbers."""
    if type(value) is not list or not all(type(one) is int for one in value):
        raise InvalidArgument(f"{name}: a list of whole numbers is expected, not {shown(value)}")
    return tuple(value)


def flag(name: str, value: Json) -> bool:
    """True or false."""
    if type(value) is not bool:
        raise InvalidArgument(f"{name}: true or false is expected, not {shown(value)}")
    return value


def mapping(name: str, value: Json) -> dict[str, Json]:
    """A JSON object."""
    if type(value) is not dict:
        raise InvalidArgument(f"{name}: a JSON object is expected, not {shown(value)}")
    return value


def pairs(name: str, value: Json) -> tuple[tuple[str, str], ...]:
    """A list of ``[name, value]``."""
    if type(value) is not list or any(type(pair) is not list or len(pair) != 2 for pair in value):
        raise InvalidArgument(f"{name}: a list of [name, value] is expected, not {shown(value)}")
    return tuple((text(name, first), text(name, second)) for first, second in value)


def two_numbers(name: str, value: Json) -> tuple[int, int] | None:
    """Two whole numbers, or nothing."""
    if value is None:
        return None
    if not (isinstance(value, list) and len(value) == 2 and all(type(one) is int for one in value)):
        raise InvalidArgument(f"{name}: two whole numbers are expected, not {shown(value)}")
    return value[0], value[1]


def shown(data: Any) -> str:
    """What came instead, by its kind only: it may hold a secret."""
    kinds = {str: "a text", int: "a number", float: "a number", bool: "true or false", list: "a list", dict: "an object"}
    return kinds.get(type(data), "null")
