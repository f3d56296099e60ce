"""Headers as the command line gives them: ``N: V``, a file of such lines, or standard input."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from sendoff.errors import InvalidArgument

_REFERENCE = re.compile(r"[a-z][a-z0-9_-]*:\S+")
READABLE = "others on this machine can read a command line"
SAFE_FORMS = f"{READABLE}; write 'NAME: env:VARIABLE', 'NAME: file:/path' or @FILE, or use --credential"

Pairs = tuple[tuple[str, str], ...]


def headers(words: Iterable[str]) -> Pairs:
    """What ``--header`` and ``--header-secret`` say, in order, files opened up."""
    found: list[tuple[str, str]] = []
    for word in words:
        lines = _lines(word[1:]) if word.startswith("@") else [word]
        found.extend(_header(line) for line in lines)
    return tuple(found)


def literal_secrets(words: Iterable[str]) -> list[str]:
    """The names of those whose secret stands on the command line itself."""
    given = [_header(word) for word in words if not word.startswith("@")]
    return [name for name, value in given if not _REFERENCE.fullmatch(value)]


def _header(line: str) -> tuple[str, str]:
    # only blanks and tabs belong to the syntax (RFC 9110 section 5.5): a line break is refused, not trimmed
    name, found, value = line.partition(":")
    if not found or not name.strip():
        raise InvalidArgument(f"header {line!r}: write it as 'Name: value'")
    return name.strip(" \t"), value.strip(" \t")


def _lines(path: str) -> list[str]:
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
    except OSError as cause:
        raise InvalidArgument(f"@{path}: {cause.strerror}", hint="it is a file of headers, one 'Name: value' a line") from cause
    except UnicodeDecodeError as cause:
        raise InvalidArgument(f"@{path}: byte {cause.start} is not UTF-8") from cause
    return [line for line in text.split("\n") if line.strip() and not line.startswith("#")]
