"""Finding the host of a place, and starting one where none is."""

from __future__ import annotations

import socket
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from sendoff.desk.endpoint import Endpoint
from sendoff.desk.lock import Lock
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable

PATIENCE = 60.0  # seconds without a word after which a host counts as gone; a stop takes up to ten
POLL = 0.02


class Way(Protocol):
    """How the host of one place is reached."""

    def connection(self) -> socket.socket:
        """A connection to the host; ``HostUnavailable``, or whatever kept one from starting."""
        ...

    def wait_gone(self) -> None:
        """Return when the host that was asked to stop owns the place no more."""
        ...


class Finder:
    """The way to the host of one place.

    environment: what a host is started with, its identity removed. spawn: whether one may be started. program: with which words.
    hidden: names of further variables that it is not given.
    """

    def __init__(
        self, place: Place, environment: Mapping[str, str], *, spawn: bool, program: Sequence[str] = (), hidden: Collection[str] = ()
    ) -> None:  # fmt: skip
        self._place = place
        self._environment = environment
        self._spawn = spawn
        self._program = program
        self._hidden = hidden
        self._endpoint = Endpoint(place, environment)

    def connection(self) -> socket.socket:
        """A connection to the host; starts one. ``HostUnavailable``, or whatever kept the host from starting."""
        found = self.reached()
        if found is not None:
            return found
        if not self._spawn:
            raise HostUnavailable(f"no host runs for {self._place.state}", hint="start one with: sendoff host start")
        return self._start()

    def wait_gone(self) -> None:
        """Return when no host owns the place any more."""
        lock = Lock(self._place.lock)
        if not lock.wait_free(PATIENCE):
            raise HostUnavailable(f"the host (pid {lock.holder().get('pid')}) was asked to stop and did not within {PATIENCE:.0f} seconds")

    def reached(self) -> socket.socket | None:
        """A connection to the host that runs; None where none does."""
        try:
            return self._endpoint.connect(PATIENCE)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
            return None
        except OSError as cause:
            raise HostUnavailable(f"the host of {self._place.state} cannot be reached: {cause.strerror or cause}") from cause

    def _start(self) -> socket.socket:
        """Of many that find no host, one starts it while the others wait here and then find it."""
        self._place.prepare()
        turn = Lock(self._place.start_lock)
        if not turn.take(PATIENCE):
            raise HostUnavailable(f"another client (pid {turn.holder().get('pid')}) has been starting a host for {PATIENCE:.0f} seconds")
        try:
            return self._start_in_turn()
        finally:
            turn.release()

    def _start_in_turn(self) -> socket.socket:
        role, end = Lock(self._place.lock), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.reached()
            if found is not None:
                return found
            if role.wait_free(0):
                self._spawn_one()
            else:
                time.sleep(POLL)  # its holder starts, or stops
        raise HostUnavailable(f"the host (pid {role.holder().get('pid')}) owns {self._place.state} and does not answer")

    def _spawn_one(self) -> None:
        from sendoff.desk.service import service_of
        from sendoff.desk.spawn import spawn_host

        service = None if self._program else service_of(self._place, self._environment)
        if service is not None and service.became_host(self._place, self._environment):
            return
        try:
            spawn_host(self._place, {name: value for name, value in self._environment.items() if name not in self._hidden}, self._program)
        except HostUnavailable as error:
            if "running" not in error.facts:  # somebody else was quicker: it is found in the next round
                raise
