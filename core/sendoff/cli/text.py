"""Text that is fit for a terminal, whatever a file name or a server's message contains."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sendoff.errors import InvalidArgument

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
    return text.isascii() or not any(0xD800 <= ord(char) <= 0xDFFF for char in text)


def whole(word: str | None) -> str | None:
    """The same word; ``InvalidArgument`` when a byte of it was outside UTF-8."""
    if word is not None and not is_whole(word):
        raise InvalidArgument(f"{clean(word)} is not valid UTF-8")
    return word


def aligned(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines, each column as wide as its widest cell; the last one ends where it ends."""
    table = [[clean(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]


def count(number: int, noun: str) -> str:
    """``1 operation``, ``3 operations``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def span(length: float) -> str:
    """A length of time, short: ``42s``, ``1m20s``, ``2h05m``, ``3d04h``."""
    whole = round(length)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02}m" if whole < 86400 else f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def cells(text: str) -> int:
    """How many columns of a terminal a text takes; a wide character takes two, a combining one none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def shortened(text: str, width: int) -> str:
    """The text in at most so many columns: its beginning and, because names differ there, more of its end."""
    if cells(text) <= width:
        return text
    head, tail = text[: max((width - 1) // 3, 0)], text
    while head and cells(head) > (width - 1) // 3:
        head = head[:-1]
    while tail and cells(head) + 1 + cells(tail) > width:
        tail = tail[1:]
    return f"{head}…{tail}"


def cut(text: str, width: int) -> str:
    """The text in at most so many columns: its beginning."""
    if cells(text) <= width:
        return text
    while text and cells(text) >= width:
        text = text[:-1]
    return f"{text}…" if width > 0 else ""


def name_of(view: Mapping[str, Any]) -> str:
    """What people call an upload: the label they gave it, its file, or the end of its address."""
    path = _file_of(view["source"]) or view["url"]
    return clean(view["label"] or str(path).rstrip("/").rpartition("/")[2] or path)


def _file_of(source: Mapping[str, Any]) -> str | None:
    """The file that is sent, of a form the first one."""
    if source["kind"] == "form":
        return next((str(part["path"]) for part in source["parts"] if part["path"]), None)
    return str(source["path"]) if source["kind"] == "file" else None


def form_words(parts: Sequence[object]) -> str:
    """``a form of 3 parts``."""
    return f"a form of {count(len(parts), 'part')}"


def folded(text: str, width: int, indent: int) -> list[str]:
    """The text as lines of at most so many columns, broken between words; all but the first begin with so many blanks."""
    lines = [""]
    for piece in re.findall(r"\s*\S+", text):
        if lines[-1] and cells(lines[-1] + piece) > width:
            lines.append(" " * indent + piece.lstrip())
        else:
            lines[-1] += piece
    return lines
