"""Answers that may take long, as they were lately."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Lately(Generic[Answer]):
    """Asks in the background, one at a time; whoever wants to know waits for a moment only.

    wait: seconds for an answer that is new. fresh: seconds for which an answer is good. meanwhile: what is said before there is any.
    """

    def __init__(self, question: Callable[[], Answer], meanwhile: Answer, *, wait: float, fresh: float = 2.0) -> None:
        self._question, self._answer, self._wait, self._fresh = question, meanwhile, wait, fresh
        self._asked, self._lock = threading.Event(), threading.Lock()
        self._asked.set()
        self._at = -fresh

    def __call__(self) -> Answer:
        """The answer, the last one where a new one takes too long."""
        with self._lock:
            if self._asked.is_set() and time.monotonic() - self._at >= self._fresh:
                self._asked.clear()
                threading.Thread(target=self._ask, name="sendoff-lately", daemon=True).start()
        self._asked.wait(self._wait)
        return self._answer

    def _ask(self) -> None:
        try:
            self._answer = self._question()
        finally:
            self._at = time.monotonic()
            self._asked.set()
