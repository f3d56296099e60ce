"""What the server saw, and waiting for it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as the server saw it. Times are monotonic seconds.

    number: from 1. nth: among those of its method, from 1. connection: which one it came on, from 1. size: announced; None = chunked.
    received: body bytes read so far. interims: how many 104 were sent. status: of the answer, None = none was given. broken: why there was none.
    """

    number: int
    nth: int
    connection: int
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    size: int | None
    began_at: float
    received: int = 0
    interims: int = 0
    status: int | None = None
    broken: str | None = None

    def header(self, name: str) -> str | None:
        """The value of a header, joined by ``", "`` where there are several; None = there is none."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    @property
    def over(self) -> bool:
        """Nothing more will happen to it."""
        return self.status is not None or self.broken is not None


class Ledger:
    """The requests in order of arrival; safe for many threads."""

    def __init__(self) -> None:
        self._rows: list[Seen] = []
        self._by_method: Counter[str] = Counter()
        self._changed = Condition()
        self.connections = 0

    def accepted(self) -> int:
        """One more connection: its number."""
        with self._changed:
            self.connections += 1
            return self.connections

    def add(self, connection: int, method: str, path: str, headers: tuple[tuple[str, str], ...], size: int | None) -> Seen:
        """A request begins."""
        with self._changed:
            self._by_method[method] += 1
            row = Seen(
                number=len(self._rows) + 1, nth=self._by_method[method], connection=connection, method=method, path=path,
                headers=headers, size=size, began_at=time.monotonic(),
            )  # fmt: skip
            self._rows.append(row)
            self._changed.notify_all()
            return row

    def set(self, number: int, **news: object) -> None:
        """Something happened to a request."""
        with self._changed:
            self._rows[number - 1] = replace(self._rows[number - 1], **news)  # type: ignore[arg-type]
            self._changed.notify_all()

    def rows(self) -> tuple[Seen, ...]:
        """All requests so far."""
        with self._changed:
            return tuple(self._rows)

    def wait_until(self, true: Callable[[tuple[Seen, ...]], bool], timeout: float) -> tuple[Seen, ...]:
        """The requests as soon as ``true`` of them; ``TimeoutError`` after so many seconds."""
        until = time.monotonic() + timeout
        with self._changed:
            while not true(rows := tuple(self._rows)):
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    raise TimeoutError(f"after {timeout} s the server has seen only {rows}")
            return rows
