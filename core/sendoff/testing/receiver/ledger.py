"""What the receiver saw, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request as the receiver saw it. Times are monotonic seconds; None = not yet.

    number: from 1; a question's from -1 down. connection: which one it came on, from 1. size: announced; None = chunked. received: body bytes read so far.
    complete: the body came whole. broken: why it did not. status: of the answer, None = none was given.
    """

    number: int
    connection: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    size: int | None
    accepted_at: float
    began_at: float
    received: int = 0
    sha256: str | None = None
    complete: bool = False
    broken: str | None = None
    status: int | None = None
    answered_at: float | None = None

    def header(self, name: str) -> str | None:
        """The value of a header, joined by ``", "`` where there are several; None = there is none."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def over(self) -> bool:
        """Nothing more will happen to it."""
        return self.broken is not None or self.answered_at is not None


class Ledger:
    """The requests in order of arrival, and apart from them the questions what a server can do (OPTIONS); safe for many threads."""

    def __init__(self) -> None:
        self._rows: list[Received] = []
        self._questions: list[Received] = []
        self._changed = Condition()
        self.connections = 0

    def accepted(self) -> int:
        """One more connection: its number."""
        with self._changed:
            self.connections += 1
            self._changed.notify_all()
            return self.connections

    def add(self, make: Callable[[int], Received], *, question: bool = False) -> int:
        """A request begins: its number, which ``make`` puts into the row; a question's is below 0."""
        with self._changed:
            rows = self._questions if question else self._rows
            number = -len(rows) - 1 if question else len(rows) + 1
            rows.append(make(number))
            self._changed.notify_all()
            return number

    def set(self, number: int, **fields: object) -> None:
        """Something happened to a request."""
        with self._changed:
            rows, place = (self._questions, -number - 1) if number < 0 else (self._rows, number - 1)
            rows[place] = replace(rows[place], **fields)  # type: ignore[arg-type]
            self._changed.notify_all()

    def questions(self) -> tuple[Received, ...]:
        """All questions so far."""
        with self._changed:
            return tuple(self._questions)

    def rows(self) -> tuple[Received, ...]:
        """All requests so far."""
        with self._changed:
            return tuple(self._rows)

    def wait_until(self, true: Callable[[tuple[Received, ...]], bool], timeout: float) -> tuple[Received, ...]:
        """The requests as soon as ``true`` of them; ``TimeoutError`` after so many seconds."""
        until = time.monotonic() + timeout
        with self._changed:
            while not true(rows := tuple(self._rows)):
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"after {timeout} s the receiver has seen only {rows}")
            return rows
