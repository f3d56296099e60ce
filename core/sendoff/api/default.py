"""The client that the functions of the module use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sendoff.desk.place import Place, find_place

if TYPE_CHECKING:
    from sendoff.api.client import Client
    from sendoff.api.connection import Connection


class Default:
    """One client a place, made at first use. It needs no lock, so a forked child finds none held: making one twice costs nothing, one of them stays."""

    def __init__(self) -> None:
        self._clients: dict[Place, Client] = {}

    def client(self, place: Place | None = None) -> Client:
        """The client of the place that the environment names now."""
        from sendoff.api.client import client_of

        place = place or find_place(os.environ)
        found = self._clients.get(place)
        return found if found is not None else self._clients.setdefault(place, client_of(place))


DEFAULT = Default()


def connection_to(place: Place, mode: str) -> Connection:
    """What an operation that comes out of a pickle is asked over; one for each place and process."""
    from sendoff.api.connection import Connection

    client = DEFAULT.client(place)
    return client._connection if client._connection.mode == mode else Connection(place, mode)
