"""What all connections of one server share."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event

from tests.servers.rufh.fault import Script
from tests.servers.rufh.ledger import Ledger
from tests.servers.rufh.limit import Limits
from tests.servers.rufh.shelf import HIDDEN, Shelf
from tests.servers.rufh.uploads import Uploads


@dataclass(slots=True, kw_only=True)
class Site:
    """Places, habits and records; see ``RufhServer`` for what the habits mean."""

    url: str
    shelf: Shelf
    uploads: Uploads
    limits: Limits
    script: Script
    ledger: Ledger
    released: Event
    rate: float | None
    progress: int
    resumable: bool
    announces: bool
    interim: bool
    terse: bool
    keep_completed: bool
    relative: bool

    def address(self, id: str) -> str:
        """The address of an upload resource, as a ``Location`` names it."""
        return f"/{HIDDEN}/{id}" if self.relative else f"{self.url}{HIDDEN}/{id}"
