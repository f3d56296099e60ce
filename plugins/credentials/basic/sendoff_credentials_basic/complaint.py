"""What a program complains, as an error may quote it: one line, and nothing secret in it."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote

LARGEST = 65536  # bytes; of more none is quoted: where it is cut off, half a secret could stand
_LONGEST = 200  # characters
_SHORTEST_PIECE = 4  # characters; a shorter line of a longer value, a bracket perhaps, tells nothing
_STARS = "***"


def quoted(complaint: bytes, secrets: Iterable[str]) -> str:
    """The last line, its secrets as three stars, without what moves a terminal; a long one is cut off."""
    lines = complaint.decode("utf-8", "replace").strip().splitlines() if len(complaint) <= LARGEST else ()
    if not lines:
        return ""
    forms = sorted({form for secret in secrets for form in _forms(secret)}, key=len, reverse=True)
    line = re.sub("|".join(map(re.escape, forms)), _STARS, lines[-1]) if forms else lines[-1]
    return "".join(char if char.isprintable() else "\ufffd" for char in line)[:_LONGEST]


def _forms(secret: str) -> Iterator[str]:
    """A value, each line of a longer one, and how those stand in an address and in a header."""
    pieces = [piece.strip() for piece in secret.splitlines()]
    for piece in pieces:
        if piece and (len(pieces) == 1 or len(piece) >= _SHORTEST_PIECE):
            yield from {piece, quote(piece, safe="", errors="replace"), quote(piece, errors="replace"), b64encode(piece.encode(errors="replace")).decode()}
