"""Whether a secret can be sent as it is."""

from __future__ import annotations

_PRIVATE_KEY = "-----BEGIN "  # as text, for a server that is asked by key; it never stands in a header


def fault(kind: str, secret: str) -> str | None:
    """None, or why it cannot: a line break would end a header early, and a blank at either end is no part of one (RFC 9110 section 5.5)."""
    if kind == "key" and secret.startswith(_PRIVATE_KEY):
        return None
    if not secret and kind != "basic":
        return "is empty"
    if controlled(secret):
        return "has a line break or another control character"
    if kind != "basic" and secret != secret.strip():
        return "has a blank at either end"
    return None if whole(secret) else "is not text"


def controlled(text: str) -> bool:
    """Whether it has a control character."""
    return any(ord(char) < 32 or ord(char) == 127 for char in text)


def whole(text: str) -> bool:
    """Whether it can be written: halves of characters cannot."""
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in text)
