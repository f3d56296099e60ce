"""The time limits of one try, and the way to break it off."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock

from sendoff import Clock, Interrupted, RetryRules, SendoffError, Transient, Unreachable, WebErrorStatus

from sendoff_http.settings import Settings

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


class Watch:
    """Waits for sockets on behalf of one try: never longer than allowed, and not at all once ``stop`` was called.

    where: the public form of the address, for messages. deadline: monotonic seconds at which all is over. late: what is said then.
    """

    def __init__(self, clock: Clock, limits: TimeLimits, *, where: str, deadline: float, late: str = "the time for this try is over") -> None:
        self.limits, self.where = limits, where
        self._too_late = late
        self._clock, self._deadline = clock, deadline
        self._held: socket.socket | None = None
        self._stopped = False
        self._lock = Lock()
        self.connecting()

    # -- phases

    def connecting(self) -> None:
        """From now on the connection is made, a proxy is asked, TLS is agreed."""
        self._until, self._late = self._clock.monotonic() + self.limits.connect, self._not_connected

    def sending(self) -> None:
        """From now on the body goes out, as long as it moves."""
        self._until, self._late = self._deadline, self._out_of_time

    def answering(self) -> None:
        """From now on the server answers."""
        self._until, self._late = self._clock.monotonic() + self.limits.response, self._not_answered

    # -- interruption

    def hold(self, connection: socket.socket | None) -> None:
        """The socket that ``stop`` breaks; None = it is another try's now."""
        with self._lock:
            self._held = connection
            if self._stopped:
                self._break()

    def stop(self) -> None:
        """Breaks the try off, whatever it waits for; from any thread."""
        with self._lock:
            self._stopped = True
            self._break()

    def _break(self) -> None:
        if self._held is not None:
            with suppress(OSError):
                # not SSLSocket.shutdown: it would take the encryption off a socket that another thread writes to
                socket.socket.shutdown(self._held, socket.SHUT_RDWR)

    # -- waiting

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.monotonic()

    def check(self) -> None:
        """``Interrupted`` once it is stopped; the phase's own error once it is late."""
        if self._stopped:
            raise Interrupted()
        now = self._clock.monotonic()
        if now >= self._deadline:
            raise self._out_of_time()
        if now >= self._until:
            raise self._late()

    def wait(self, connection: socket.socket, events: int, until: float = float("inf")) -> int:
        """Those of the poll events that happened; 0 when ``until`` has passed."""
        poll = select.poll()
        poll.register(connection, events)
        while True:
            self.check()
            left = min(self._until, self._deadline, until) - self._clock.monotonic()
            found = poll.poll(max(0.0, min(left, _LOOK_UP_EVERY)) * 1000)
            if found:
                return found[0][1]
            if self._clock.monotonic() >= until:
                return 0

    def wait_for(self, done: Callable[[float], bool]) -> None:
        """Until ``done(seconds)``, which waits that long, is true."""
        while not done(_LOOK_UP_EVERY):
            self.check()

    # -- being late

    def stalled(self) -> SendoffError:
        """No byte went out for too long."""
        return Transient(f"{self.where}: the connection took no byte for {self.limits.stall:g} seconds", web_error=int(WebErrorStatus.TIMEOUT), stalled=True)

    def _not_connected(self) -> SendoffError:
        return Unreachable(f"{self.where}: no connection within {self.limits.connect:g} seconds", web_error=int(WebErrorStatus.TIMEOUT))

    def _not_answered(self) -> SendoffError:
        return Transient(f"{self.where}: no complete answer within {self.limits.response:g} seconds", web_error=int(WebErrorStatus.TIMEOUT))

    def _out_of_time(self) -> SendoffError:
        return Transient(f"{self.where}: {self._too_late}", web_error=int(WebErrorStatus.TIMEOUT))
