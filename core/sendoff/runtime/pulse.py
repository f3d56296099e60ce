"""Whether a driver is alive: seen by its calls, and by nothing else."""

from __future__ import annotations

import threading
from collections.abc import Callable

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

    @property
    def forsaken(self) -> bool:
        """Whether it was given up on."""
        return self._forsaken

    def beat(self) -> None:
        """A sign of life; ``Superseded`` for one that was given up on, which has nothing more to say."""
        if self._forsaken:
            raise Superseded("this try was given up on, as it did not come back; its slot is another's now")
        self.heard = self._clock()

    def inside_call(self) -> InsideCall:
        """What a driver waits for in here is no fault of its own."""
        return InsideCall(self)

    def forsake(self) -> None:
        """Its end is told by somebody else: what comes back late is void."""
        self._forsaken = True


class InsideCall:
    """One call of a driver's; with ``with``, as each piece that is read is such a call and a generator would cost more than the rest of it."""

    __slots__ = ("_pulse", "_thread")

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._thread: int | None = None

    def __enter__(self) -> None:
        pulse, thread = self._pulse, threading.get_ident()
        pulse.beat()
        if thread not in pulse._inside:  # of a call within a call the outer one tells the end
            pulse._inside[thread], self._thread = True, thread

    def __exit__(self, *_: object) -> None:
        pulse = self._pulse
        pulse.heard = pulse._clock()  # before it is out, or whoever looks in between sees the call's beginning
        if self._thread is not None:
            pulse._inside.pop(self._thread, None)
