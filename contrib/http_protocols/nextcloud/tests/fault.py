"""What goes wrong at a Nextcloud, and when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came. step: ``MKCOL upload``, ``PUT chunk``, ``MOVE``, ``PROPFIND file`` and so on: the method, and at what."""

    step: str
    path: str
    headers: dict[str, str]
    status: int | None = None
    received: int = 0


@dataclass(slots=True, kw_only=True)
class Fault:
    """Something that goes wrong with the ``nth`` request of its step (``A or B``) from when it was added, ``times`` times in a row.

    status: that is the answer, and nothing is done. lost: it is done and the connection ends instead of an answer. before: the connection ends and
    nothing is done. cut, hold: after so many bytes of the body the connection ends, or the server reads no further until ``let_go``.
    meanwhile: done first, with everything locked. spoiled: the bytes arrive as others.
    """

    step: str
    nth: int = 1
    times: int = 1
    status: int | None = None
    lost: bool = False
    before: bool = False
    cut: int | None = None
    hold: int | None = None
    meanwhile: Callable[[], object] | None = None
    spoiled: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    held: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)
    seen: int = 0

    def strikes(self, step: str) -> bool:
        """Whether this is a request of its kind, and one that it is about."""
        if step not in self.step.split(" or "):
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.times
