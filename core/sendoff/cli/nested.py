"""Nested JSON values as rows for people."""

from __future__ import annotations

from collections.abc import Iterator

from sendoff.errors import Json


def flat(value: Json, prefix: str = "") -> Iterator[tuple[str, str]]:
    """``{"a": {"b": 1}}`` as ``("a.b", "1")``; what is empty is left out."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        for position, inner in enumerate(value):
            yield from flat(inner, f"{prefix}[{position}]")
    elif value not in (None, "", []):
        yield prefix, _text(value)


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
