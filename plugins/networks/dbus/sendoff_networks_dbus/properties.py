"""What NetworkManager's properties mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jeepney import MatchRule
from sendoff import Conditions

from sendoff_networks_dbus.bus import Bus, Object, Unheard
from sendoff_networks_dbus.devices import manages_all
from sendoff_networks_dbus.modem import roams
from sendoff_networks_dbus.power import power_of, power_rules
from sendoff_networks_dbus.watcher import name_rule, properties_rule

_SERVICE, _PATH = "org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager"
_MANAGER = Object(_SERVICE, _PATH, _SERVICE)
_UNKNOWN = Conditions(name="networkmanager")
_NONE, _PORTAL, _FULL = 1, 2, 4  # NMConnectivityState; 0 nobody checks, 3 limited: something answers, and it may be a wall around the check alone
_CONNECTED_LOCALLY, _CONNECTED = 50, 70  # NMState; below 50 there is no connection, 60 has a way out that its check does not trust
_METERED = (1, 3)  # NMMetered: yes, and a guess of yes, which its authors advise to take for one


def seen(bus: Bus) -> Conditions:
    """As it says now. Errors: ``Unheard``."""
    known = bus.properties(_MANAGER)
    found = replace(conditions_of(known), power=power_of(bus))
    if found.online is False and not manages_all(bus, known.get("Devices", ())):
        return replace(_UNKNOWN, power=found.power)
    return _named(bus, found, str(known.get("PrimaryConnection", "/")))


def check(bus: Bus) -> None:
    """Ask it to look whether there is a portal; what it finds comes as a signal. Errors: ``Unheard``."""
    bus.tell(_MANAGER, "CheckConnectivity")


def rules() -> Sequence[MatchRule]:
    """What tells that anything of this may be otherwise."""
    return [name_rule(_SERVICE), properties_rule(_SERVICE, _PATH), *power_rules()]


def conditions_of(known: Mapping[str, Any]) -> Conditions:
    """What its own properties mean.

    >>> conditions_of({"State": 70, "Connectivity": 2, "Metered": 3}).portal
    True
    """
    state, connectivity, metered = (int(known.get(name, 0)) for name in ("State", "Connectivity", "Metered"))
    return replace(_UNKNOWN, online=_online(state, connectivity), portal=connectivity == _PORTAL, metered=metered in _METERED)


def _online(state: int, connectivity: int) -> bool | None:
    if 0 < state <= _CONNECTED_LOCALLY or connectivity == _NONE:
        return False
    return True if state >= _CONNECTED or connectivity in (_PORTAL, _FULL) else None


def _named(bus: Bus, found: Conditions, path: str) -> Conditions:
    """With the name of the connection that leads out, and whether its modem is a guest elsewhere."""
    if path == "/":
        return found
    try:
        active = bus.properties(Object(_SERVICE, path, f"{_SERVICE}.Connection.Active"))
    except Unheard:
        return found  # it has ended meanwhile; the next look sees which one has come
    return replace(found, name=str(active.get("Id") or found.name), roaming=roams(bus, active))
