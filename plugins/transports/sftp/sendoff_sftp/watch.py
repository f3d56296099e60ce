"""The time limits of one try, and the way to break it off."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, Timer

from sendoff import Clock, Interrupted, RetryRules, SendoffError, Transient, Unreachable, WebErrorStatus

from sendoff_sftp.settings import Settings

LOOK_UP_EVERY = 0.2  # seconds; an order is heeded this late at most
_GRACE = 0.4  # seconds; who has not noticed an order by then is stuck in the network


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds to wait, as ``Settings`` explains them."""

    connect: float
    stall: float

    @classmethod
    def of(cls, settings: Settings, rules: RetryRules) -> TimeLimits:
        """Those of the destination, else those in force everywhere."""
        return cls(settings.connect_timeout or rules.connect_timeout, settings.stall_timeout or rules.stall_timeout)


class Watch:
    """Says when one try must not go on: it was stopped, it is late, or the server is silent for too long.

    where: the public form of the address, for messages. deadline: monotonic seconds at which all is over.
    """

    def __init__(self, clock: Clock, limits: TimeLimits, *, where: str, deadline: float = float("inf")) -> None:
        self.limits, self.where = limits, where
        self._clock, self._deadline = clock, deadline
        self._heard = clock.monotonic()
        self._stopped = self._noticed = False
        self._cut: Callable[[], None] | None = None
        self._held: socket.socket | None = None
        self._lock = Lock()

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.monotonic()

    def heard(self) -> None:
        """The server gave a sign of life, or is owed no answer before now."""
        self._heard = self._clock.monotonic()

    def heed(self) -> None:
        """``Interrupted`` once it is stopped, ``Transient`` once it is late."""
        if self._stopped:
            self._noticed = True
            raise Interrupted()
        if self._clock.monotonic() >= self._deadline:
            raise Transient(f"{self.where}: the time for this try is over", web_error=int(WebErrorStatus.TIMEOUT))

    def check(self) -> None:
        """As ``heed``, and ``Transient`` once the server was silent for too long; of use only to who has just listened."""
        self.heed()
        now = self._clock.monotonic()
        if now - self._heard >= self.limits.stall:
            raise Transient(f"{self.where}: not a sign of life for {self.limits.stall:g} seconds", web_error=int(WebErrorStatus.TIMEOUT), stalled=True)

    # -- interruption

    def hold(self, connection: socket.socket | None) -> None:
        """A socket that is this try's alone: ``stop`` shuts it down at once. None = it is not any more."""
        with self._lock:
            self._held = connection
            if self._stopped:
                self._break()

    def share(self, cut: Callable[[], None] | None) -> None:
        """How a connection that others use too is broken, where nothing else brings this try back."""
        self._cut = cut

    def stop(self) -> None:
        """Breaks the try off; from any thread. What waits in our own loops notices by itself, so that others keep their connection."""
        with self._lock:
            self._stopped = True
            self._break()
        if self._cut is not None:
            timer = Timer(_GRACE, self._make_sure)
            timer.daemon = True
            timer.start()

    def _make_sure(self) -> None:
        cut = self._cut
        if cut is not None and not self._noticed:
            cut()

    def _break(self) -> None:
        if self._held is not None:
            with suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self._stopped

    # -- being late

    def not_connected(self) -> SendoffError:
        """The connection did not come about in time."""
        return Unreachable(f"{self.where}: no connection within {self.limits.connect:g} seconds", web_error=int(WebErrorStatus.TIMEOUT))
