"""What goes wrong at the server, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from tests.servers.rufh.answer import Fields


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of breakdown; the subclasses say which."""


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """The connection is torn down with RST. What came of the body before is kept."""


@dataclass(frozen=True, slots=True)
class Close(Fault):
    """The connection is closed with FIN. What came of the body before is kept."""


@dataclass(frozen=True, slots=True)
class HalfClose(Fault):
    """The server says that it will not write any more, and goes on reading."""


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Nothing more is read or written until the peer goes, a newer request takes over, or ``RufhServer.release``."""


@dataclass(frozen=True, slots=True)
class Delay(Fault):
    """Nothing happens for some seconds, then everything goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Lost(Fault):
    """The work is done and the connection closed without the answer."""


@dataclass(frozen=True, slots=True)
class First(Fault):
    """This answer, and nothing is done; with ``Rule.at`` after so many bytes of the body, which are kept."""

    status: int
    fields: Fields = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Instead(Fault):
    """The work is done, and this is answered."""

    status: int
    fields: Fields = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Lie(Fault):
    """Every ``Upload-Offset`` in the answer is wrong by so many bytes."""

    by: int


@dataclass(frozen=True, slots=True)
class Corrupt(Fault):
    """A byte of the body turns into another on its way in: the one at ``Rule.at``."""


@dataclass(frozen=True, slots=True)
class Forget(Fault):
    """The upload resource is gone before the request is looked at."""


@dataclass(frozen=True, slots=True)
class Expire(Fault):
    """The upload's lifetime ends before the request is looked at."""


@dataclass(frozen=True, slots=True)
class Move(Fault):
    """The upload resource has another address from now on; the old one answers with this status and a ``Location``."""

    status: int = 308


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a fault happens.

    method, path: of the request; None = any. nth: among the requests of that method (among all, if None), from 1; None = each.
    at: offset in the body; None = when the work is done and the answer is due. times: how often; None = always.
    """

    do: Fault
    method: str | None = None
    nth: int | None = None
    path: str | None = None
    at: int | None = None
    times: int | None = 1

    def fits(self, method: str, path: str, nth: int, number: int) -> bool:
        """Whether it is about this request."""
        counted = number if self.method is None else nth
        return self.method in (None, method) and self.path in (None, path) and self.nth in (None, counted)


class Script:
    """Rules, used up as they happen; safe for many threads."""

    def __init__(self, rules: Sequence[Rule] = ()) -> None:
        self._left: list[tuple[Rule, int | None]] = [(rule, rule.times) for rule in rules]
        self._lock = Lock()

    def add(self, *rules: Rule) -> None:
        """More rules, behind the others."""
        with self._lock:
            self._left += [(rule, rule.times) for rule in rules]

    def take(self, method: str, path: str, nth: int, number: int) -> list[Rule]:
        """The rules for this request, by offset, those for the answer last; each counts as used."""
        with self._lock:
            found = [one for one in self._left if one[0].fits(method, path, nth, number)]
            used = [(rule, times if times is None else times - 1) if (rule, times) in found else (rule, times) for rule, times in self._left]
            self._left = [one for one in used if one[1] != 0]
        return sorted((rule for rule, _ in found), key=lambda rule: (rule.at is None, rule.at or 0))
