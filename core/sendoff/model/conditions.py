"""What is known about the network and the machine now."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.model.moment import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is known about the network and the machine. None = unknown, and unknown allows.

    power: False = the system asks to save it. name: whose word it is, as people know it: of a connection or a driver. since: when what is said of
    reachability and cost began, microseconds since 1970; the core stamps it, a driver leaves it None.

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
    since: Moment | None = None
