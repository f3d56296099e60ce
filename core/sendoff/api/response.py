"""What the server answered, as a program reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sendoff.errors import Json


class ResponseHeaders(Mapping[str, str]):
    """The headers of an answer, found whichever way their names are written; values of one name are joined by a comma (RFC 9110 section 5.3).

    raw: every line in its order, with its name as the server wrote it. Cookies and other secrets are three stars.

    Example: ``operation.response.headers["content-type"]``, ``dict(operation.response.headers)``.
    """

    __slots__ = ("_found", "raw")

    def __init__(self, raw: tuple[tuple[str, str], ...]) -> None:
        self.raw = raw
        self._found: dict[str, tuple[str, str]] = {}
        for name, value in raw:
            known = self._found.get(name.lower())
            self._found[name.lower()] = (known[0], f"{known[1]}, {value}") if known else (name, value)

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()][1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._found

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"ResponseHeaders({self.raw!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseInformation:
    """The server's last answer; its body is read with ``operation.open_response()``.

    Attributes
    ----------
    status_code: as HTTP has it; None where the transport has none. headers: a mapping that does not care how names are written; ``headers.raw`` has every line.
    actual_url: who answered, after redirects; without signed query. is_resumable: an upload carried like this one goes on after a break.
    body: bytes that were kept of it. truncated: the server sent more.

    >>> sendoff.put("a.iso", "archive:").wait().response.status_code
    201
    """

    status_code: int | None = None
    headers: ResponseHeaders = field(default_factory=lambda: ResponseHeaders(()))
    actual_url: str = ""
    is_resumable: bool = False
    body: int = 0
    truncated: bool = False


def information_of(found: Mapping[str, Json], *, resumable: bool) -> ResponseInformation:
    """The answer that JSON tells of."""
    return ResponseInformation(
        status_code=found["status"], headers=ResponseHeaders(tuple((name, value) for name, value in found["headers"])), actual_url=found["url"],
        is_resumable=resumable, body=found["body"], truncated=found["truncated"],
    )  # fmt: skip
