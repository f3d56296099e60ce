"""Whether NetworkManager sees all that may lead out of this machine."""

from __future__ import annotations

from collections.abc import Iterable

from sendoff_networks_dbus.bus import Bus, Object, Unheard

_SERVICE = "org.freedesktop.NetworkManager"
_WAYS_OUT = (1, 2, 5, 8)  # NMDeviceType: ethernet, wifi, bluetooth, modem
_UNMANAGED = 10  # NMDeviceState


def manages_all(bus: Bus, paths: Iterable[str]) -> bool:
    """Whether there is a device, and none that could lead out is left to somebody else; then its "offline" is to be believed."""
    devices = [found for path in paths if (found := _device(bus, path))]
    ways = [one for one in devices if one.get("DeviceType") in _WAYS_OUT]
    return bool(ways) and all(one.get("State") != _UNMANAGED for one in ways)


def _device(bus: Bus, path: str) -> dict[str, object]:
    try:
        return bus.properties(Object(_SERVICE, path, f"{_SERVICE}.Device"))
    except Unheard:
        return {}  # it was unplugged meanwhile
