"""What is wrong with a key somebody wrote, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sendoff.model.secret import is_secret_word


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the known word most like this one; empty when none is like it."""
    found = get_close_matches(word.lower(), [*known], n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def complaint(key: str, fault: Mapping[str, Any], known: Iterable[str]) -> str:
    """What a validator found wrong with one key.

    fault: the validator's description, ``{"type", "msg", "input"}`` (pydantic's form). A value whose key sounds secret is not repeated.
    """
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}{nearest(key, known)}"
    if fault["type"] == "missing":
        return f"{key!r} is missing"
    text = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
    value = fault.get("input")
    shown = f" = {value!r}" if isinstance(value, str | int | float) and not is_secret_word(key) else ""
    return f"{key!r}{shown}: {text[:1].lower()}{text[1:]}"
