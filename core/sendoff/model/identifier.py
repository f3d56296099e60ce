"""Identifiers that grow with time (UUID version 7, RFC 9562 section 5.7)."""

from __future__ import annotations

import re
from random import Random

from sendoff.errors import InvalidArgument

_CALLERS_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Identifiers:
    """Makes identifiers in ascending order, even many within one millisecond."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = 0

    def new(self, milliseconds: int) -> str:
        """The next identifier at this wall time; greater than every one made before."""
        self._last = max(self._last + 1, milliseconds << 12)
        head, tail = self._last, self._random.getrandbits(62)
        number = (head >> 12) << 80 | 0x7 << 76 | (head & 0xFFF) << 64 | 0b10 << 62 | tail
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def checked_id(text: str) -> str:
    """A caller's own identifier: 1 to 128 of letters, digits and ``. _ : -``."""
    if not _CALLERS_ID.fullmatch(text):
        raise InvalidArgument(f"--id {text!r}: an id is 1 to 128 letters, digits or . _ : -")
    return text
