"""Whether the modem of a connection is a guest in another network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sendoff_networks_dbus.bus import Bus, Object, Unheard

_SERVICE, _MODEMS = "org.freedesktop.NetworkManager", "org.freedesktop.ModemManager1"
_MOBILE = ("gsm", "cdma")
_AWAY = (5, 7, 10)  # MMModem3gppRegistrationState: roaming, for messages only, with a poorer call


def roams(bus: Bus, active: Mapping[str, Any]) -> bool | None:
    """None for a connection without a modem, or whose modem nobody knows. active: its properties."""
    if active.get("Type") not in _MOBILE:
        return None
    try:
        for path in active.get("Devices", ()):
            modem = bus.property(Object(_SERVICE, path, f"{_SERVICE}.Device"), "Udi")
            state = bus.property(Object(_MODEMS, modem, f"{_MODEMS}.Modem.Modem3gpp"), "RegistrationState")
            return int(state) in _AWAY
    except Unheard:
        return None
    return None
