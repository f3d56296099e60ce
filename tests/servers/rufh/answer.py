"""Answers: what goes back to the client, and the problems of the draft."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path

Fields = tuple[tuple[str, str], ...]

_REGISTRY = "https://iana.org/assignments/http-problem-types#"
_REASONS = {**{one.value: one.phrase for one in HTTPStatus}, 104: "Upload Resumption Supported"}
_BARE = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Answer:
    """A final answer. file: its body, when that is a file."""

    status: int
    fields: Fields = ()
    body: bytes = b""
    file: Path | None = None

    def plus(self, *more: tuple[str, str]) -> Answer:
        """With further header fields."""
        return replace(self, fields=(*self.fields, *more))

    @property
    def size(self) -> int:
        """Of its body."""
        return self.file.stat().st_size if self.file else len(self.body)

    @property
    def bare(self) -> bool:
        """It has no body by its status."""
        return self.status < 200 or self.status in _BARE


class Refused(Exception):
    """The request is answered so, and nothing more is made of it."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body.decode(errors='replace')}")
        self.answer = answer


def reason(status: int) -> str:
    """The phrase of a status line."""
    return _REASONS.get(status, "Whatever")


def problem(status: int, title: str, slug: str | None = None, **members: object) -> Answer:
    """A problem (RFC 9457); ``slug`` names one of the registered types, None = the status says it all."""
    said = {"type": _REGISTRY + slug} if slug else {}
    named = {key.replace("_", "-"): value for key, value in members.items()}
    body = json.dumps({**said, "title": title, "status": status, **named}).encode()
    return Answer(status, (("Content-Type", "application/problem+json"),), body)
