"""Threads that wait in the place of a loop."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

AT_ONCE = 16  # more threads get less done: they keep each other, and the loop, from running
LOOK = 0.1  # seconds

Work = Callable[[], object]


class Crew:
    """Does what it is given in threads, in order: as many as there is work for, up to a limit, and one more whenever all of them are stuck.

    A thread ends when there is no work for it. A forked child has none of its parent's.
    """

    _watched: bool

    def __init__(self) -> None:
        self._renew()

    def do(self, work: Work) -> None:
        """Returns at once; ``RuntimeError`` where not one thread can be had."""
        if self._process != os.getpid():
            self._renew()
        with self._lock:
            self._waiting.append(work)
            if self._threads < AT_ONCE:
                self._hire()
            elif not self._watched:
                self._watched = True
                threading.Thread(target=self._watch, name="sendoff-crew", daemon=True).start()

    def _renew(self) -> None:
        self._process, self._lock = os.getpid(), threading.Lock()
        self._waiting: deque[Work] = deque()
        self._threads = self._taken = 0
        self._watched = False

    def _hire(self) -> None:
        try:
            threading.Thread(target=self._work, name="sendoff-call", daemon=True).start()
            self._threads += 1
        except RuntimeError:  # the system gives no more; those that there are will do it
            if self._threads == 0:
                self._waiting.clear()
                raise

    def _work(self) -> None:
        while (work := self._next()) is not None:
            work()

    def _next(self) -> Work | None:
        with self._lock:
            if not self._waiting:
                self._threads -= 1
                return None
            self._taken += 1
            return self._waiting.popleft()

    def _watch(self) -> None:
        """While something waits: who has taken nothing for a while may be waiting for what is still to be taken."""
        taken = -1
        while True:
            time.sleep(LOOK)
            with self._lock:
                if not self._waiting:
                    self._watched = False
                    return
                if self._taken == taken:
                    self._hire()
                taken = self._taken


CREW = Crew()
