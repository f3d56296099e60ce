"""Digest fields (RFC 9530): what a client states, what it wants, what is true."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from tests.servers.rufh import fields

KNOWN = ("sha-256", "sha-512")  # the active ones; others are passed over, as the RFC lets a server do
_BLOCK = 1024 * 1024


class Running:
    """The digests of bytes that come one piece after the other."""

    def __init__(self, names: Iterable[str]) -> None:
        self._made = {name: hashlib.new(name.replace("-", "")) for name in names}

    def add(self, piece: bytes | memoryview) -> None:
        """Some more bytes."""
        for made in self._made.values():
            made.update(piece)

    def digests(self) -> dict[str, bytes]:
        """Of all so far."""
        return {name: made.digest() for name, made in self._made.items()}


def stated(text: str | None) -> dict[str, bytes]:
    """What a ``Content-Digest`` or ``Repr-Digest`` says, in algorithms that are known here."""
    return {name: value for name, value in fields.dictionary(text).items() if name in KNOWN and isinstance(value, bytes)}


def wanted(text: str | None) -> tuple[str, ...]:
    """What a ``Want-Repr-Digest`` asks for and is known here, the most wanted first (RFC 9530, section 4)."""
    asked = [(value, name) for name, value in fields.dictionary(text).items() if isinstance(value, int) and not isinstance(value, bool)]
    return tuple(name for value, name in sorted(asked, reverse=True) if 0 < value <= 10 and name in KNOWN)[:1]


def of_file(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """The digests of a file's content."""
    running = Running(names)
    with path.open("rb") as file:
        while piece := file.read(_BLOCK):
            running.add(piece)
    return running.digests()


def field(digests: dict[str, bytes]) -> str:
    """As a field's value."""
    return ", ".join(f"{name}={fields.binary(value)}" for name, value in digests.items())
