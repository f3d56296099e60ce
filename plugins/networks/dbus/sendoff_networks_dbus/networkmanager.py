"""``use = "networkmanager"``: what NetworkManager knows of the way out, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Network, Watching


class NetworkManager(Network, Watching):
    """Asks ``org.freedesktop.NetworkManager`` on the machine's bus.

    Without it, or where it does not manage what may be the way out, nothing is known. Power is known where UPower or power-profiles-daemon run.
    """

    class Settings(BaseModel):
        """bus: the address of the machine's bus, as D-Bus writes it, instead of the usual one."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        bus: str | None = None

    settings: Settings
    _behind_portal = False

    def look(self) -> Conditions:
        """As it says now."""
        from sendoff_networks_dbus.bus import Unheard, opened, system_bus
        from sendoff_networks_dbus.properties import seen

        try:
            with opened(self.settings.bus or system_bus()) as bus:
                found = seen(bus)
        except Unheard:
            found = Conditions(name="networkmanager")
        self._behind_portal = bool(found.portal)
        return found

    @contextmanager
    def watch(self, changed: Callable[[], None]) -> Iterator[None]:
        """Its signals, its coming and going; behind a portal it is asked to look again, for it looks rarely by itself."""
        from sendoff_networks_dbus.bus import system_bus
        from sendoff_networks_dbus.properties import check, rules
        from sendoff_networks_dbus.watcher import Watcher

        with Watcher(self.settings.bus or system_bus(), rules(), changed, lambda bus: check(bus) if self._behind_portal else None):
            yield
