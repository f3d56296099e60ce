"""Structured fields (RFC 9651), as far as this protocol uses them; what does not parse counts as absent."""

from __future__ import annotations

import base64
import binascii
import re

Bare = bool | int | float | bytes | str

_KEY = r"[a-z*][a-z0-9_.*-]*"
_BARE = r"""\?[01]|-?[0-9]{1,12}\.[0-9]{1,3}|-?[0-9]{1,15}|"(?:[ !#-\[\]-~]|\\["\\])*"|:[A-Za-z0-9+/=]*:|[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*"""
_PARAMETERS = rf"(?:;[ ]*{_KEY}(?:=(?:{_BARE}))?)*"
_ITEM = re.compile(rf"[ ]*({_BARE}){_PARAMETERS}[ ]*")
_MEMBER = re.compile(rf"({_KEY})(?:=({_BARE}))?{_PARAMETERS}")
_BETWEEN = re.compile(r"[ \t]*,[ \t]*")


def boolean(text: str | None) -> bool | None:
    """A Boolean item; None when it is anything else."""
    value = _item(text)
    return value if isinstance(value, bool) else None


def integer(text: str | None) -> int | None:
    """A non-negative Integer item; None when it is anything else."""
    value = _item(text)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def dictionary(text: str | None) -> dict[str, Bare]:
    """A Dictionary of plain items; empty when any part of it does not parse."""
    found: dict[str, Bare] = {}
    rest = (text or "").strip(" ")
    while rest:
        member = _MEMBER.match(rest)
        if member is None:
            return {}
        try:
            found[member[1]] = True if member[2] is None else _bare(member[2])
        except binascii.Error:
            return {}
        rest = rest[member.end() :]
        between = _BETWEEN.match(rest)
        if rest and (between is None or between.end() == len(rest)):
            return {}
        rest = rest[between.end() :] if between else ""
    return found


def binary(value: bytes) -> str:
    """A Byte Sequence."""
    return f":{base64.b64encode(value).decode()}:"


def flag(value: bool) -> str:
    """A Boolean."""
    return "?1" if value else "?0"


def _item(text: str | None) -> Bare | None:
    found = _ITEM.fullmatch(text or "")
    try:
        return _bare(found[1]) if found else None
    except binascii.Error:
        return None


def _bare(text: str) -> Bare:
    if text[0] == "?":
        return text == "?1"
    if text[0] == ":":
        return base64.b64decode(text[1:-1], validate=True)
    if text[0] == '"':
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    if text[0] in "-0123456789":
        return float(text) if "." in text else int(text)
    return text
