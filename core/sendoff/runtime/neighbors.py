"""Destinations on a private network whose address does not show it: a name that resolves there."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from sendoff.model.destination import Destination, asked_at, lies_near

_GOOD_FOR = 60.0  # seconds; a machine that has come to another network resolves otherwise
_MOST_AT_ONCE = 8  # a resolver without a network may take its time


class Neighbors:
    """Asks in the background, and only while there is no way out: the answer comes too late for the first who asks.

    destinations: those that have a name. found: told when one has turned out to be near.
    """

    def __init__(self, destinations: Callable[[], Mapping[str, Destination]], found: Callable[[], None]) -> None:
        self._destinations, self._found = destinations, found
        self._known: dict[str, tuple[bool, float]] = {}
        self._asked, self._lock = set[str](), threading.Lock()

    def near(self, place: str) -> bool:
        """Whether it is known to be near. place: a destination's name, or the origin of a bare address."""
        host = self._host(place)
        if not host:
            return False
        with self._lock:
            near, until = self._known.get(host, (False, 0.0))
            if time.monotonic() < until:
                return near
            if host not in self._asked and len(self._asked) < _MOST_AT_ONCE:
                self._asked.add(host)
                threading.Thread(target=self._ask, args=(host,), name="sendoff-resolves", daemon=True).start()
        return near

    def _host(self, place: str) -> str | None:
        if "://" in place:
            return urlsplit(place).hostname
        destination = self._destinations().get(place)
        return urlsplit(asked_at(destination)).hostname if destination is not None else None

    def _ask(self, host: str) -> None:
        near = resolves_near(host)
        with self._lock:
            before, _ = self._known.get(host, (False, 0.0))
            self._known[host] = near, time.monotonic() + _GOOD_FOR
            self._asked.discard(host)
        if near and not before:
            self._found()


def resolves_near(host: str) -> bool:
    """Whether a name leads to this machine or a private network, and nowhere else."""
    try:
        found = {str(address[0]) for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(lies_near(one) for one in found)
