"""What goes wrong at the receiver, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of breakdown; the subclasses say which."""


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """The connection is torn down with RST, so that even what lies in buffers is lost."""


@dataclass(frozen=True, slots=True)
class Close(Fault):
    """The connection is closed with FIN."""


@dataclass(frozen=True, slots=True)
class HalfClose(Fault):
    """The receiver says that it will not write any more, and goes on reading."""


@dataclass(frozen=True, slots=True)
class Stall(Fault):
    """Nothing more is read, and the socket stays open until the peer or ``Receiver.release`` ends it."""


@dataclass(frozen=True, slots=True)
class Delay(Fault):
    """Nothing happens for some seconds, then everything goes on."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Interim(Fault):
    """An interim answer (1xx), and everything goes on."""

    status: int = 103
    headers: Fields = ()
    times: int = 1


@dataclass(frozen=True, slots=True)
class Answer(Fault):
    """A final answer. Before the body is complete: ``then`` says what follows, ``close``, or ``keep`` (open, nothing more is read), or ``read`` (the rest)."""

    status: int
    headers: Fields = ()
    body: bytes = b""
    then: str = "close"


@dataclass(frozen=True, slots=True)
class Drip(Fault):
    """The right answer, one byte each ``every`` seconds."""

    every: float = 0.05


@dataclass(frozen=True, slots=True)
class Lost(Fault):
    """The body is kept and the connection closed without an answer."""


@dataclass(frozen=True, slots=True)
class Raw(Fault):
    """These bytes instead of an answer, then the end."""

    data: bytes


@dataclass(frozen=True, slots=True)
class EndlessHeaders(Fault):
    """An answer whose headers never end."""


@dataclass(frozen=True, slots=True)
class EndlessBody(Fault):
    """An answer whose body never ends."""

    status: int = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a fault happens.

    request: the number of the request since the receiver began, from 1; of the questions (OPTIONS) from -1 down; None = any. path, method: None = any.
    at: offset in the body, of those that have one; None = when the body is complete. times: how often; None = always.
    """

    do: Fault
    request: int | None = None
    path: str | None = None
    method: str | None = None
    at: int | None = None
    times: int | None = 1

    def fits(self, request: int, method: str, path: str, *, body: bool = True) -> bool:
        """Whether it is about this request. body: it has one."""
        return self.request in (None, request) and self.path in (None, path) and self.method in (None, method) and (body or self.at is None)


class Script:
    """Rules, used up as they happen; safe for many threads."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._left: list[tuple[Rule, int | None]] = [(rule, rule.times) for rule in rules]
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        """One more rule, behind the others."""
        with self._lock:
            self._left.append((rule, rule.times))

    def take(self, request: int, method: str, path: str, *, body: bool = True) -> list[Rule]:
        """The rules for this request, by offset, those for the complete body last; each counts as used. body: as ``Rule.fits``."""
        with self._lock:
            found = [one for one in self._left if one[0].fits(request, method, path, body=body)]
            used = [(rule, times if times is None else times - 1) if (rule, times) in found else (rule, times) for rule, times in self._left]
            self._left = [one for one in used if one[1] != 0]
        return sorted((rule for rule, _ in found), key=lambda rule: (rule.at is None, rule.at or 0))
