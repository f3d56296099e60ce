"""Calls into a stranger's code that may hang: given up on after a while, and not begun anew while one hangs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

Answer = TypeVar("Answer")
_MORE, _LONGEST = 1.5, 600.0  # one that has answered late is given this much more than it took, once; seconds


def attempted(call: Callable[[], Answer]) -> tuple[Answer | None, BaseException | None]:
    """What a stranger's code gives, or what it raises, whatever that is: for a thread that is there for nothing else."""
    try:
        return call(), None
    except BaseException as cause:  # noqa: BLE001 - as told above
        return None, cause


class Overdue(TimeoutError):
    """It has not answered in time. since_before: an earlier call still hangs, so that this one was not begun."""

    def __init__(self, seconds: float, *, since_before: bool) -> None:
        super().__init__(f"it did not answer within {seconds:g} seconds")
        self.seconds, self.since_before = seconds, since_before


class _Call(Generic[Answer]):
    """One call, in a thread of its own, which nobody can end."""

    def __init__(self, function: Callable[[], Answer]) -> None:
        self._function, self._given = function, list[Answer]()
        self.error: BaseException | None = None
        self.ended, self._lock = threading.Event(), threading.Lock()
        self._then: Callable[[], None] | None = None

    def run(self) -> None:
        """In the thread."""
        try:
            self._given.append(self._function())
        except BaseException as cause:  # noqa: BLE001 - raised where it was called
            self.error = cause
        with self._lock:
            self.ended.set()
            then = self._then
        if then is not None:
            then()

    def answer(self) -> Answer:
        """What it gave, or raises."""
        if self.error is not None:
            raise self.error
        return self._given[0]

    def afterwards(self, then: Callable[[], None]) -> None:
        """Call this when it ends, or now."""
        with self._lock:
            over = self.ended.is_set()
            self._then = None if over else then
        if over:
            then()


class Attendant:
    """One thread that calls one stranger's code, in the order of asking; while a call hangs none is begun, and the thread is left to it.

    name: whom it calls.
    """

    def __init__(self, name: str) -> None:
        self._name, self._calls = name, SimpleQueue[_Call[Any]]()
        self._thread: threading.Thread | None = None
        self._hanging: _Call[Any] | None = None
        self._lock = threading.Lock()

    def call(self, function: Callable[[], Answer], seconds: float) -> Answer:
        """What the function gives, or raises. seconds: how long it may take. Errors: ``Overdue``."""
        call, began = _Call(function), time.monotonic()
        if not self._lock.acquire(timeout=seconds):
            raise Overdue(seconds, since_before=True)
        try:
            self._wait_for(call, seconds, began + seconds)
        finally:
            self._lock.release()
        return call.answer()

    def _wait_for(self, call: _Call[Any], seconds: float, until: float) -> None:
        if self._hanging is not None and not self._hanging.ended.is_set():
            raise Overdue(seconds, since_before=True)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"sendoff-tells-{self._name}", daemon=True)
            self._thread.start()
        self._calls.put(call)
        if not call.ended.wait(max(until - time.monotonic(), 0.0)):
            self._hanging = call
            raise Overdue(seconds, since_before=False)
        self._hanging = None

    def _work(self) -> None:
        while True:
            self._calls.get().run()


@dataclass(slots=True)
class _Hang:
    """Calls to one that hang, and what all who were given up on or turned away wanted to know."""

    calls: int = 0
    about: set[str] = field(default_factory=set)


class Deadlines:
    """Calls by the name of whom they ask. seconds: how long each may take. late: told what it was about when one given up on has ended after all."""

    def __init__(self, seconds: Callable[[], float], late: Callable[[str], None] = lambda _: None) -> None:
        self._seconds, self._late, self._lock = seconds, late, threading.Lock()
        self._hanging: dict[str, _Hang] = {}
        self._slow: dict[str, float] = {}
        self._log = logging.getLogger("sendoff.deadline")

    def call(self, whom: str, function: Callable[[], Answer], *, about: str | None = None, patience: float | None = None) -> Answer:
        """What the function gives, or raises. Errors: ``Overdue``; who is told ``about`` may ask again. patience: seconds, where it is known to need longer."""
        with self._lock:
            seconds = max(self._seconds(), patience or 0.0, self._slow.get(whom, 0.0))
            if whom in self._hanging:
                self._hanging[whom].about |= {about} if about else set()
                raise Overdue(seconds, since_before=True)
        call, began = _Call(function), time.monotonic()
        threading.Thread(target=call.run, name=f"sendoff-asks-{whom}", daemon=True).start()
        if not call.ended.wait(seconds):
            self._hang(whom, call, about, began)
            raise Overdue(seconds, since_before=False)
        with self._lock:
            self._slow.pop(whom, None)
        return call.answer()

    def _hang(self, whom: str, call: _Call[Any], about: str | None, began: float) -> None:
        with self._lock:
            hang = self._hanging.setdefault(whom, _Hang())
            hang.calls += 1
            hang.about |= {about} if about else set()
        call.afterwards(lambda: self._over(whom, time.monotonic() - began))

    def _over(self, whom: str, took: float) -> None:
        """One has ended: with the last, all that it has held up may ask again, and the next is given as long as that took."""
        with self._lock:
            hang = self._hanging[whom]
            hang.calls -= 1
            if hang.calls:
                return
            del self._hanging[whom]
            self._slow[whom] = min(took * _MORE, _LONGEST)
        for about in sorted(hang.about):
            self._tell(about)

    def _tell(self, about: str) -> None:
        """Whoever is told may have ended meanwhile: nobody is left then who could hear of that."""
        try:
            self._late(about)
        except Exception as cause:  # noqa: BLE001 - in a thread that nobody waits for
            self._log.info("nobody was told that %s can be asked again: %s", about, cause)
