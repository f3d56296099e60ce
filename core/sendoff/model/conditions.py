"""What is known about the network and the machine now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is known about the network and the machine. None = unknown, and unknown allows. power: False = the system asks to save it.

    >>> sendoff.Conditions(online=True, metered=True).roaming is None
    True
    """

    online: bool | None = None
    portal: bool | None = None
    metered: bool | None = None
    roaming: bool | None = None
    approaching_limit: bool | None = None
    over_limit: bool | None = None
    restricted: bool | None = None
    power: bool | None = None
    name: str = ""
