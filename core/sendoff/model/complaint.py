"""What is wrong with a key somebody wrote, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from sendoff.model.secret import is_secret_word

_FORMS = {"model_type": "it should be a table", "dict_type": "it should be a table", "tuple_type": "it should be a list", "list_type": "it should be a list"}
_REPEATED = frozenset({"literal_error", "enum", "int_parsing", "float_parsing", "bool_parsing", "string_pattern_mismatch"})


def nearest(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the known word most like this one; empty when none is like it."""
    found = get_close_matches(word, [*known], n=1, cutoff=0.6)
    return f"; did you mean {found[0]!r}?" if found else ""


def _misspelled(key: str, given: Any, known: Iterable[str]) -> str:
    """The unknown key beside a missing one that was probably meant for it. given: the table in which it is missing; its values may be secret."""
    others = [str(other) for other in given if other not in set(known)] if isinstance(given, Mapping) else []
    found = get_close_matches(key.rpartition(".")[2], others, n=1, cutoff=0.6)
    return f", and {found[0]!r} is not known; did you mean {key.rpartition('.')[2]!r}?" if found else ""


def complaint(key: str, fault: Mapping[str, Any], known: Iterable[str]) -> str:
    """What a validator found wrong with one key.

    fault: the validator's description, ``{"type", "msg", "input"}`` (pydantic's form). A text is repeated only where a word of a list or a
    number is asked for: others may be secret.
    """
    if fault["type"] == "extra_forbidden":
        return f"unknown key {key!r}{nearest(key, known)}"
    if fault["type"] == "missing":
        return f"{key!r} is missing{_misspelled(key, fault.get('input'), known)}"
    said = str(fault["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ").replace("Input should be", "it should be")
    text = _FORMS.get(str(fault["type"]), said)
    value = fault.get("input")
    harmless = isinstance(value, int | float) or (isinstance(value, str) and fault["type"] in _REPEATED)
    return f"{key!r}{f' = {value!r}' if harmless and not is_secret_word(key) else ''}: {text}"
