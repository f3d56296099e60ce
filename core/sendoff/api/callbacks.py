"""The one thread that calls a program back."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

THREAD = "sendoff-callbacks"
EVERY = 0.1  # seconds between two calls about the same operation

Call = Callable[[], None]

log = logging.getLogger("sendoff.callbacks")


@dataclass(eq=False, slots=True)
class Listener:
    """Somebody to be called. called: when that was last. latest: what to tell, replaced by whatever is newer. then: what to call after it, once each."""

    called: float = float("-inf")
    latest: Call | None = None
    then: list[Call] = field(default_factory=list)


class Callbacks:
    """Calls functions of the program, one after another, in one thread that lives as long as there is something to call.

    A listener is told the latest at most ten times a second, and the last always. A function that raises is named in the log and keeps nobody else
    from being called.
    """

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """In a forked child: the thread and what it had to do are the parent's."""
        self._changed = threading.Condition()
        self._waiting: dict[Listener, None] = {}
        self._thread: threading.Thread | None = None

    def soon(self, listener: Listener, *, latest: Call | None = None, then: Sequence[Call] = ()) -> None:
        """Call as soon as this listener may be called again."""
        with self._changed:
            listener.latest = latest or listener.latest
            listener.then += then
            self._waiting[listener] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        while calls := self._due():
            for call in calls:
                try:
                    call()
                except Exception:  # whatever the program's own function raises is its own affair
                    log.exception("a callback failed")

    def _due(self) -> Sequence[Call]:
        """What is due next; nothing when nothing is left, and then the thread is over."""
        with self._changed:
            while self._waiting:
                listener = min(self._waiting, key=lambda one: one.called)
                pause = listener.called + EVERY - time.monotonic()
                if pause > 0:
                    self._changed.wait(pause)
                    continue
                calls = [*([listener.latest] if listener.latest else []), *listener.then]
                del self._waiting[listener]
                listener.called, listener.latest, listener.then = time.monotonic(), None, []
                return calls
            self._thread = None
            return ()
