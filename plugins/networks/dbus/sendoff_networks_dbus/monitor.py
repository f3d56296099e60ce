"""What the desktop portal's NetworkMonitor and PowerProfileMonitor say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jeepney import MatchRule
from sendoff import Conditions

from sendoff_networks_dbus.bus import Bus, Object, Unheard
from sendoff_networks_dbus.watcher import name_rule, properties_rule

_SERVICE, _PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
_MONITOR = Object(_SERVICE, _PATH, "org.freedesktop.portal.NetworkMonitor")
_POWER = Object(_SERVICE, _PATH, "org.freedesktop.portal.PowerProfileMonitor")
_EACH = {"available": "GetAvailable", "metered": "GetMetered", "connectivity": "GetConnectivity"}
_LOCAL, _LIMITED, _PORTAL = 1, 2, 3  # 4 is full


def seen(bus: Bus) -> Conditions:
    """As they say now. Errors: ``Unheard``."""
    return replace(conditions_of(_status(bus)), power=_power(bus))


def rules() -> Sequence[MatchRule]:
    """What tells that it may be otherwise."""
    told = MatchRule(type="signal", sender=_SERVICE, interface=_MONITOR.interface, member="changed", path=_PATH)
    return [name_rule(_SERVICE), told, properties_rule(_SERVICE, _PATH)]


def conditions_of(status: Mapping[str, Any]) -> Conditions:
    """What the answer of ``GetStatus`` means.

    >>> conditions_of({"available": True, "metered": True, "connectivity": 4}).metered
    True
    """
    connectivity = int(status.get("connectivity", 0))
    offline = not status.get("available", True) or connectivity == _LOCAL
    online = False if offline else None if connectivity == _LIMITED else True
    return Conditions(online=online, portal=connectivity == _PORTAL, metered=bool(status.get("metered", False)), name="portal")


def _status(bus: Bus) -> Mapping[str, Any]:
    """In one answer; before version 3 there was a question for each."""
    try:
        return {name: value for name, (_, value) in bus.call(_MONITOR, "GetStatus")[0].items()}
    except Unheard:
        return {name: bus.call(_MONITOR, method)[0] for name, method in _EACH.items()}


def _power(bus: Bus) -> bool | None:
    try:
        return not bus.property(_POWER, "power-saver-enabled")
    except Unheard:
        return None
