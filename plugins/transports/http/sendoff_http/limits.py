"""``Upload-Limit``: a dictionary of numbers (RFC 9651 section 3.2, as the draft uses it)."""

from __future__ import annotations

import re

_KNOWN = frozenset({"max-size", "min-size", "max-append-size", "min-append-size", "max-age", "expires"})  # the last: as it was called before
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[^,;\"]*))?(?:;[^,]*)?\s*(?:,|$)")


def limits_of(value: str | None) -> dict[str, int] | None:
    """The limits that are known, in bytes or seconds; None where the field is missing or cannot be understood, which is the same (section 4.1.4)."""
    if value is None or not value.strip():
        return None
    found: dict[str, int] = {}
    place = 0
    while place < len(value):
        member = _MEMBER.match(value, place)
        if member is None:
            return None
        key, text = member[1], (member[2] or "").strip()
        if key in _KNOWN:
            if not (text.isascii() and text.isdigit() and len(text) <= 15):
                return None
            found[key] = int(text)
        place = member.end()
    return found
