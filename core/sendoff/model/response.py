"""A server's answer, as it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status, headers and actual address of the last answer; its body lies beside the journal.

    status: as HTTP has it. body: size in bytes of what was kept. truncated: the server sent more than is kept.

    >>> sendoff.Response(status=201, url="https://h.example/a.iso").body
    0
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""
    body: int = 0
    truncated: bool = False


def length_of(headers: Iterable[tuple[str, str]]) -> int:
    """Bytes of the body as ``Content-Length`` announces them (RFC 9110 section 8.6); 0 = nobody said."""
    found = next((value.strip() for name, value in headers if name.lower() == "content-length"), "")
    return int(found) if found.isascii() and found.isdigit() else 0
