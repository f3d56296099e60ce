"""Several parts at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from sendoff import Interrupted, SendoffError


class Lanes:
    """So many threads take numbers from one list. The first error ends the taking; what is under way comes to its own end and counts."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []

    def run(self, numbers: Iterator[int], send: Callable[[int], None]) -> None:
        """Calls ``send`` once for each; raises the error that matters most."""
        others = [threading.Thread(target=self._work, args=(numbers, send), name=f"sendoff-azure-lane-{number}") for number in range(1, self._count)]
        begun: list[threading.Thread] = []
        try:
            for one in others:
                try:
                    one.start()
                except RuntimeError:  # this machine is short of threads: fewer carry it all the same
                    break
                begun.append(one)
            self._work(numbers, send)
        finally:
            for one in begun:
                one.join()
        if self._errors:
            raise min(self._errors, key=_weight)

    def _work(self, numbers: Iterator[int], send: Callable[[int], None]) -> None:
        while (number := self._next(numbers)) is not None:
            try:
                send(number)
            except BaseException as error:  # noqa: BLE001 - it is raised in the thread that waits
                with self._lock:
                    self._errors.append(error)

    def _next(self, numbers: Iterator[int]) -> int | None:
        with self._lock:
            return None if self._errors else next(numbers, None)


def _weight(error: BaseException) -> int:
    """What stops an upload before what interrupts it, before what may be tried again."""
    if isinstance(error, Interrupted):
        return 1
    return 2 if isinstance(error, SendoffError) and error.retryable else 0
