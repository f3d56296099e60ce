"""One connection: request after request, each to who is responsible for it."""

from __future__ import annotations

import socket

from tests.servers.rufh import creation, resource
from tests.servers.rufh.answer import Answer
from tests.servers.rufh.exchange import Exchange, Over
from tests.servers.rufh.reading import Broken, Inlet
from tests.servers.rufh.shelf import HIDDEN
from tests.servers.rufh.site import Site


class Connection:
    """Serves one connection until either side ends it."""

    def __init__(self, connected: socket.socket, site: Site) -> None:
        self._connected, self._site = connected, site
        self._inlet = Inlet(connected)
        self._number = site.ledger.accepted()

    def serve(self) -> None:
        """One request after the other."""
        try:
            while (head := self._inlet.head()) is not None:
                row = self._site.ledger.add(self._number, head.method, head.target, head.headers, head.size)
                Exchange(self._connected, self._inlet, head, self._site, row).run(respond)
                if (head.header("connection") or "").lower() == "close":
                    return
        except (Over, Broken, OSError):
            return


def respond(exchange: Exchange) -> Answer:
    """Asks who is responsible for the address."""
    room, _, id = exchange.path.removeprefix("/").partition("/")
    return resource.respond(exchange, id) if room == HIDDEN and id else creation.respond(exchange)
