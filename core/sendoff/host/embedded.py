"""A host that lives inside a program and ends with it."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Mapping

from sendoff.desk.finder import PATIENCE, POLL, Finder
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable
from sendoff.host.owner import Host
from sendoff.host.work import Build

log = logging.getLogger("sendoff.host")


class Embedded:
    """The way to the host of a place, which this process becomes where none runs. It is a ``desk.finder.Way``: a desk client that gets it needs no address.

    environment: the program's. build: puts the work together; the real one by default.

    A forked child is no host: there, it leads to the socket of whoever is.
    """

    def __init__(self, place: Place, environment: Mapping[str, str], build: Build | None = None) -> None:
        self._place, self._environment, self._build = place, environment, build
        self._finder = Finder(place, environment, spawn=False)
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._host: Host | None = None
        self._serving: threading.Thread | None = None

    @property
    def owns(self) -> bool:
        """This process does the work."""
        return self._host is not None and self._process == os.getpid()

    @property
    def stopping(self) -> bool:
        """This process was the host, and somebody has told it to stop."""
        return self._host is not None and self._host.stopping

    def begin(self) -> bool:
        """Become the host; False when there is another, whatever else keeps one from starting is raised."""
        with self._lock:
            return self.owns or self._begun()

    def connection(self) -> socket.socket:
        """A connection to this host, or to the one that runs already; where none runs, this process becomes it."""
        if self._process != os.getpid():
            return self._finder.connection()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if self._host is not None:
                return self._own()
            found = self._finder.reached()
            if found is not None:
                return found
            if not self.begin():
                time.sleep(POLL)  # the other one starts, or stops
        return self._finder.connection()

    def wait_gone(self) -> None:
        """Return when the other host owns the place no more; this one is not begun a second time."""
        if self.stopping:
            raise self._stopped()
        self._finder.wait_gone()

    def catch_up(self, seconds: float) -> bool:
        """Wait until the sinks know everything so far; at once where another process does the work."""
        return self._host is None or self._host.stopping or self._host.work.catch_up(seconds)

    def close(self) -> None:
        """Break off what runs so that the next host goes on with it; nothing happens where another process does the work."""
        if self._host is None or self._process != os.getpid():
            return
        self._host.stop()
        if self._serving is not None:
            self._serving.join()
        self._host.close()

    def _begun(self) -> bool:
        host = Host(self._place, self._build or _real_build(), self._environment)
        try:
            host.open()
        except HostUnavailable as error:
            if "running" not in error.facts:
                raise
            return False
        try:
            host.listen()
        except (OSError, HostUnavailable) as cause:  # nobody else can come in; what this process was asked is done all the same
            log.warning("the host has no socket: %s", cause)
        self._serving = threading.Thread(target=host.serve, name="sendoff-host", daemon=True)
        self._serving.start()
        self._host = host
        return True

    def _own(self) -> socket.socket:
        assert self._host is not None
        if self._host.stopping:
            raise self._stopped()
        return self._host.connection()

    def _stopped(self) -> HostUnavailable:
        return HostUnavailable(f"the host of {self._place.state} in this process was told to stop; the work goes on with the next one")


def _real_build() -> Build:
    from sendoff.bootstrap import build

    return build
