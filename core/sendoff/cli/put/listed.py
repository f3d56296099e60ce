"""What ``--files-from`` lists."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from sendoff.cli.put.walk import not_utf8
from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument

INPUT = "-"


def lines(file: str, *, zero: bool) -> Iterator[str]:
    """The lines of a list, without the blank ones. file: its path, ``-`` for standard input. zero: a NUL ends each, not a line break."""
    for line in _content(file).split(b"\0" if zero else b"\n"):
        if line if zero else line.strip():
            yield _checked(os.fsdecode(line), file)


def _content(file: str) -> bytes:
    if file == INPUT:
        return sys.stdin.buffer.read()
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError as cause:
        raise InvalidArgument(f"--files-from {file}: {(cause.strerror or str(cause)).lower()}", hint="it is a file that names one source a line") from cause


def _checked(line: str, file: str) -> str:
    if "\0" in line:
        raise InvalidArgument(f"--files-from {file}: a line holds a NUL character", hint="-0 reads a list whose names end with one, as find -print0 writes it")
    if not is_whole(line):
        raise not_utf8(line)
    return line


def kept(line: str) -> str:
    """The path that a relative line keeps below the destination, empty for the base itself; ``InvalidArgument`` where it leads out of it."""
    path = os.path.normpath(line)
    if path == ".." or path.startswith("../"):
        raise InvalidArgument(f"--files-from: {line} leads out of its base", hint="--base DIR says which folder the lines are relative to")
    return "" if path == "." else path
