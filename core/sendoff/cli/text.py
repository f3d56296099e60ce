"""Text that is fit for a terminal, whatever a file name or a server's message contains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# C0 and C1 controls, line separators, marks that turn the writing direction, lone surrogates (bytes that are not UTF-8)
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: object) -> str:
    """The text with everything that could move a cursor, break a line or hide a name written as an escape."""
    return _UNFIT.sub(_escaped, str(text))


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def is_whole(text: str) -> bool:
    """Whether a word of the command line is valid text: no byte of it was outside UTF-8."""
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines, each column as wide as its widest cell; the last one ends where it ends."""
    table = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def count(number: int, noun: str) -> str:
    """``1 operation``, ``3 operations``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
