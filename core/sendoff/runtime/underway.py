"""The tries under way in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from typing import Protocol

from sendoff.model.progress import UploadProgress


class Try(Protocol):
    """A try that can be looked at and stopped."""

    @property
    def about(self) -> tuple[str, str]:
        """Its operation and its batch."""
        ...

    def interrupt(self, why: str, *, spare: bool = False) -> None:
        """Stop at the next safe point, and break what blocks. spare: unless only the answer to what cannot be repeated is missing."""
        ...

    def progress(self) -> UploadProgress:
        """How far it is."""
        ...


class Underway:
    """Which operation is being tried by which try; an interrupt that comes before the try has begun waits for it.

    One that comes after its end is void: the next try, of a later order perhaps, is none of its business.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tries: dict[int, Try] = {}
        self._expected: dict[int, str | None] = {}

    def expect(self, number: int) -> None:
        """A try is about to begin."""
        with self._lock:
            self._expected.setdefault(number, None)

    def why(self, number: int) -> str | None:
        """Why a try that has not begun is to stop as soon as it does; None = nobody said so."""
        with self._lock:
            return self._expected.get(number)

    def enter(self, number: int, one: Try, *, unless: Callable[[], bool] = lambda: False) -> bool:
        """A try begins. unless: it was given up on meanwhile, and its place is another's; then it does not, and this gives False."""
        with self._lock:
            if unless():
                return False
            self._tries[number] = one
            why = self._expected.pop(number, None)
        if why is not None:
            one.interrupt(why)
        return True

    def leave(self, number: int) -> None:
        """It is over, or does not come."""
        with self._lock:
            self._tries.pop(number, None)
            self._expected.pop(number, None)

    def interrupt(self, number: int, why: str, *, spare: bool = False) -> None:
        """Stop a try, now or as soon as it begins. spare: as ``Try.interrupt``."""
        with self._lock:
            one = self._tries.get(number)
            if one is None and number in self._expected:
                self._expected[number] = why
        if one is not None:
            one.interrupt(why, spare=spare)

    def progress(self, number: int) -> UploadProgress | None:
        """How far an operation's try is; None when it is not being tried here."""
        with self._lock:
            one = self._tries.get(number)
        return one.progress() if one is not None else None

    def all(self, ids: Collection[str] = ()) -> dict[int, UploadProgress]:
        """How far each is. ids: only of these operations and batches; none = of all."""
        with self._lock:
            tries = dict(self._tries)
        return {number: one.progress() for number, one in tries.items() if not ids or not frozenset(one.about).isdisjoint(ids)}
