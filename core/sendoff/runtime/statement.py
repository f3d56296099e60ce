"""What an error says, fit to be put on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sendoff.errors import Json, SendoffError

Spoken = TypeVar("Spoken", bound=SendoffError)


def cleaned(error: Spoken, clean: Callable[[str], str]) -> Spoken:
    """The same error, which from now on says nothing that ``clean`` takes out: whoever raised it may have quoted a stranger, and that one a secret."""
    error.message = clean(error.message)
    error.hint = clean(error.hint) if error.hint else error.hint
    error.facts = {name: _cleaned(value, clean) for name, value in error.facts.items()}
    error.args = (error.message,)
    return error


def _cleaned(value: Json, clean: Callable[[str], str]) -> Json:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {name: _cleaned(one, clean) for name, one in value.items()}
    return [_cleaned(one, clean) for one in value] if isinstance(value, list | tuple) else value
