"""Whether the machine asks to save power."""

from __future__ import annotations

from jeepney import MatchRule

from sendoff_networks_dbus.bus import Bus, Object, Unheard
from sendoff_networks_dbus.watcher import properties_rule

_LOW = 3  # UPower's WarningLevel: 3 low, 4 critical, 5 about to act; 1 none, 2 of an uninterruptible supply
_BATTERY = Object("org.freedesktop.UPower", "/org/freedesktop/UPower/devices/DisplayDevice", "org.freedesktop.UPower.Device")
_UPOWER = Object("org.freedesktop.UPower", "/org/freedesktop/UPower", "org.freedesktop.UPower")
_PROFILES = (
    Object("org.freedesktop.UPower.PowerProfiles", "/org/freedesktop/UPower/PowerProfiles", "org.freedesktop.UPower.PowerProfiles"),
    Object("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles", "net.hadess.PowerProfiles"),  # its name before version 0.20
)


def power_of(bus: Bus) -> bool | None:
    """False where the profile is ``power-saver``, or the battery is in use and low; None where nobody knows anything of power."""
    saver, low = _saver(bus), _low(bus)
    if saver or low:
        return False
    return None if saver is None and low is None else True


def power_rules() -> list[MatchRule]:
    """What tells that it may be otherwise."""
    return [properties_rule(one.service, one.path) for one in (*_PROFILES, _UPOWER, _BATTERY)]


def _saver(bus: Bus) -> bool | None:
    for profiles in _PROFILES:
        try:
            return bool(bus.property(profiles, "ActiveProfile") == "power-saver")
        except Unheard:
            continue
    return None


def _low(bus: Bus) -> bool | None:
    try:
        return bool(bus.property(_UPOWER, "OnBattery")) and int(bus.property(_BATTERY, "WarningLevel")) >= _LOW
    except Unheard:
        return None
