"""Whether a driver is alive: seen by its calls, and by nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sendoff.errors import Superseded


class Pulse:
    """A try's signs of life. heard: when the last came, on the clock that never jumps."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self.heard = clock, clock()
        self._inside, self._forsaken = dict[int, bool](), False

    @property
    def inside(self) -> bool:
        """Whether the driver waits for us, and not we for it."""
        return bool(self._inside)

    def beat(self) -> None:
        """A sign of life; ``Superseded`` for one that was given up on, which has nothing more to say."""
        if self._forsaken:
            raise Superseded("this try was given up on, as it did not come back; its slot is another's now")
        self.heard = self._clock()

    @contextmanager
    def inside_call(self) -> Iterator[None]:
        """What a driver waits for in here is no fault of its own."""
        self.beat()
        thread = threading.get_ident()
        self._inside[thread] = True
        try:
            yield
        finally:
            self._inside.pop(thread, None)
            self.heard = self._clock()

    def forsake(self) -> None:
        """Its end is told by somebody else: what comes back late is void."""
        self._forsaken = True
