"""Threads that wait in the place of a loop."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable

AT_ONCE = 16  # more threads get less done: they keep each other, and the loop, from running
IDLE = 5.0  # seconds that a thread waits for more work: to begin one takes the loop's time
LOOK = 0.1  # seconds

Work = Callable[[], object]


class Crew:
    """Does what it is given in threads, in order: as many as there is work for, up to a limit, and one more whenever all of them are stuck.

    A thread for which there has been no work for a while ends. A forked child has none of its parent's.
    """

    def __init__(self) -> None:
        self._renew()

    def do(self, work: Work) -> None:
        """Returns at once; ``RuntimeError`` where not one thread can be had."""
        if self._process != os.getpid():
            self._renew()
        with self._given:
            self._waiting.append(work)
            self._given.notify()
            begin = self._missing()
        if begin is not None:
            begin()

    def _renew(self) -> None:
        self._process, self._given = os.getpid(), threading.Condition()
        self._waiting: deque[Work] = deque()
        self._threads = self._idle = self._taken = 0
        self._watched = False

    def _missing(self) -> Work | None:
        """What must begin for all that waits to be done."""
        if self._idle >= len(self._waiting):
            return None
        if self._threads < AT_ONCE:
            self._threads += 1
            return self._hire
        if self._watched:
            return None
        self._watched = True
        return threading.Thread(target=self._watch, name="sendoff-crew", daemon=True).start

    def _hire(self) -> None:
        try:
            threading.Thread(target=self._work, name="sendoff-call", daemon=True).start()
        except RuntimeError:  # the system gives no more; those that there are will do it
            with self._given:
                self._threads -= 1
                if self._threads == 0:
                    self._waiting.clear()
                    raise

    def _work(self) -> None:
        while (work := self._next()) is not None:
            work()
            del work  # what it holds is not kept until there is more to do

    def _next(self) -> Work | None:
        with self._given:
            if not self._waiting:
                self._idle += 1
                self._given.wait_for(lambda: self._waiting, IDLE)
                self._idle -= 1
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
            with self._given:
                if not self._waiting:
                    self._watched = False
                    return
                stuck, taken = self._taken == taken, self._taken
                self._threads += stuck
            if stuck:
                self._hire()


CREW = Crew()
