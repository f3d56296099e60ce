"""Lengths of time and sizes as people write them."""

from __future__ import annotations

import re

from sendoff.errors import InvalidArgument

_UNITS_OF_TIME = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_UNITS_OF_SIZE = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*")


def seconds(text: str | float) -> float:
    """A length of time in seconds. text: ``90``, ``"90s"``, ``"5m"``, ``"12h"``, ``"3d"``. Errors: ``InvalidArgument``.

    >>> sendoff.seconds("5m")
    300.0
    """
    if isinstance(text, int | float):
        return float(text)
    found = _FORM.fullmatch(text)
    if found is None or found[2].lower() not in _UNITS_OF_TIME:
        raise InvalidArgument(f"{text!r} is not a length of time; write 90, 90s, 5m, 12h or 3d")
    return float(found[1]) * _UNITS_OF_TIME[found[2].lower()]


def size(text: str | int) -> int:
    """A number of bytes. text: ``90``, ``"256M"``, ``"20G"`` (powers of 1024). Errors: ``InvalidArgument``.

    >>> sendoff.size("256M")
    268435456
    """
    if isinstance(text, int):
        return text
    found = _FORM.fullmatch(text)
    unit = found[2].lower().removesuffix("ib") if found else ""
    unit = unit if unit in _UNITS_OF_SIZE else unit.removesuffix("b")
    if found is None or unit not in _UNITS_OF_SIZE:
        raise InvalidArgument(f"{text!r} is not a size; write 4096, 512K, 256M or 20G")
    return int(float(found[1]) * _UNITS_OF_SIZE[unit])


def size_text(count: float) -> str:
    """A number of bytes for people: ``1.5 MiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def seconds_text(length: float) -> str:
    """A length of time for people: ``45 s``, ``3 min``, ``2.5 h``."""
    if length < 90:
        return f"{length:.0f} s"
    if length < 5400:
        return f"{length / 60:.0f} min"
    return f"{length / 3600:.1f} h" if length < 172800 else f"{length / 86400:.1f} d"
