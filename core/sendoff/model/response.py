"""A server's answer, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """Status, headers and actual address of the last answer; its body lies beside the journal.

    body: size in bytes of what was kept. truncated: the server sent more than is kept.
    """

    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    url: str = ""
    body: int = 0
    truncated: bool = False
