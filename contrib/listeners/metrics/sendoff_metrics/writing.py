"""The thread that asks how things stand and writes the file: whoever tells of an upload waits for no disk."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

EVERY = 15.0  # seconds between two writes, at least; as often as is usually collected
_LAST = 1.0  # seconds for the last one


class Writing:
    """Calls ``write`` soon after ``stir``, at most every so many seconds, and once more at the end."""

    def __init__(self, write: Callable[[], None], every: float = EVERY) -> None:
        self._write, self._every = write, every
        self._stirred, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="sendoff-metrics", daemon=True)
        self._failed = ""
        self._log = logging.getLogger("sendoff_metrics")

    def start(self) -> None:
        """Write what there is, and begin to wait for more."""
        self._stirred.set()
        self._thread.start()

    def stir(self) -> None:
        """Something is otherwise."""
        self._stirred.set()

    def close(self) -> None:
        """Write once more, unless the disk takes too long."""
        self._closed.set()
        self._stirred.set()
        self._thread.join(_LAST)

    def _run(self) -> None:
        while not self._closed.is_set():
            self._stirred.wait()
            self._stirred.clear()
            self._try()
            self._closed.wait(self._every)
        self._try()

    def _try(self) -> None:
        try:
            self._write()
            self._failed = ""
        except Exception as cause:  # noqa: BLE001 - whatever it is, the next write tries again
            said = f"{type(cause).__name__}: {cause}"
            if said != self._failed:
                self._log.error("the metrics cannot be written: %s", said)
            self._failed = said
