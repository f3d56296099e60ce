"""The way to a host where it may be that no process can be started."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable

from sendoff.desk.finder import Finder, Way
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable

log = logging.getLogger("sendoff")


class HostOrOwn:
    """Attaches to a host, or starts one; where this machine starts no processes, ``own`` says how this one does the work."""

    def __init__(self, place: Place, own: Callable[[], Way]) -> None:
        self._way: Way = Finder(place, os.environ, spawn=True)
        self._own = own

    def connection(self) -> socket.socket:
        """As ``desk.finder.Way``."""
        try:
            return self._way.connection()
        except HostUnavailable as error:
            if "no_process" not in error.facts:
                raise
            log.warning("%s; this process does the work itself", error)
            self._way = self._own()
            return self._way.connection()

    def wait_gone(self) -> None:
        """As ``desk.finder.Way``."""
        self._way.wait_gone()
