"""The sockets of one try, its limits of time, and the way to break all of it off."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, get_ident

from sendoff import Clock, Interrupted, RetryRules, SendoffError, Transient, Unreachable, WebErrorStatus

from sendoff_azure_blob.settings import Settings

_LOOK_UP_EVERY = 0.25  # seconds; what no shutdown wakes is broken off this late


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds to wait, as ``Settings`` explains them."""

    connect: float
    response: float
    stall: float

    @classmethod
    def of(cls, settings: Settings, rules: RetryRules) -> TimeLimits:
        """Those of the destination, else those in force everywhere."""
        return cls(
            settings.connect_timeout or rules.connect_timeout,
            settings.response_timeout or rules.response_timeout,
            settings.stall_timeout or rules.stall_timeout,
        )


class Wire:
    """What the threads of one try have open. where: the public form of the address. deadline: monotonic seconds at which all is over."""

    def __init__(self, clock: Clock, limits: TimeLimits, *, where: str, deadline: float = float("inf")) -> None:
        self.limits, self.where = limits, where
        self._clock, self._deadline, self._stopped = clock, deadline, False
        self._held: dict[int, socket.socket] = {}
        self._lock = Lock()

    def hold(self, twin: socket.socket) -> None:
        """The duplicate of the socket that this thread uses from now on."""
        with self._lock:
            self._held[get_ident()] = twin
            if self._stopped:
                _broken(twin)

    def let_go(self) -> None:
        """This thread uses none: its connection is another try's now."""
        with self._lock:
            self._held.pop(get_ident(), None)

    def stop(self) -> None:
        """Breaks the try off, whatever its threads wait for; from any thread."""
        with self._lock:
            self._stopped = True
            for twin in self._held.values():
                _broken(twin)

    def check(self) -> None:
        """``Interrupted`` once it is stopped; ``Transient`` once it is late."""
        if self._stopped:
            raise Interrupted()
        if self._clock.monotonic() >= self._deadline:
            raise Transient(f"{self.where}: the time for this try is over", web_error=int(WebErrorStatus.TIMEOUT))

    def wait_for(self, done: Callable[[float], bool]) -> None:
        """Until ``done(seconds)``, which waits that long, is true, while a connection may still come about."""
        late = self._clock.monotonic() + self.limits.connect
        while not done(_LOOK_UP_EVERY):
            self.check()
            if self._clock.monotonic() >= late:
                raise Unreachable(f"{self.where}: no connection within {self.limits.connect:g} seconds", web_error=int(WebErrorStatus.TIMEOUT))

    def stalled(self) -> SendoffError:
        """No byte went out for too long."""
        return Transient(f"{self.where}: the connection took no byte for {self.limits.stall:g} seconds", web_error=int(WebErrorStatus.TIMEOUT), stalled=True)

    def silent(self) -> SendoffError:
        """No answer came for too long."""
        return Transient(f"{self.where}: no complete answer within {self.limits.response:g} seconds", web_error=int(WebErrorStatus.TIMEOUT))


def _broken(twin: socket.socket) -> None:
    with suppress(OSError):
        twin.shutdown(socket.SHUT_RDWR)
