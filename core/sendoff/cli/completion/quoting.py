"""Words as bash has them on its line: with quotes and backslashes, the last one perhaps with a quote that is still open."""

from __future__ import annotations

from typing import NamedTuple

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-~")


class Word(NamedTuple):
    """What a word says, and the quote that is open at its end."""

    text: str
    open: str = ""


def read(raw: str) -> Word:
    """A word without its quotes (bash(1), QUOTING)."""
    said, quote, signs = "", "", iter(raw)
    for sign in signs:
        if sign == "\\" and quote != "'":
            after = next(signs, "")
            said += after if not quote or after in '$`"\\' else sign + after
        elif quote and sign == quote:
            quote = ""
        elif not quote and sign in "\"'":
            quote = sign
        else:
            said += sign
    return Word(said, quote)


def write(text: str, quote: str = "") -> str:
    """A text as it may stand in a line, within the quote that is open there."""
    if quote == "'":
        return text.replace("'", "'\\''")
    if quote == '"':
        return "".join(f"\\{sign}" if sign in '$`"\\' else sign for sign in text)
    return "".join(sign if sign in _PLAIN or sign.isalnum() else f"\\{sign}" for sign in text)
