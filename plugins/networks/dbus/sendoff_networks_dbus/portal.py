"""``use = "portal"``: what a sandboxed program is told of the network (XDG Desktop Portal, NetworkMonitor)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Network, Watching


class Portal(Network, Watching):
    """Asks ``org.freedesktop.portal.Desktop`` on the login's bus; without it nothing is known."""

    class Settings(BaseModel):
        """bus: the address of the login's bus, as D-Bus writes it, instead of the usual one."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        bus: str | None = None

    settings: Settings

    def look(self) -> Conditions:
        """As it says now."""
        from sendoff_networks_dbus.bus import Unheard, opened, session_bus
        from sendoff_networks_dbus.monitor import seen

        try:
            with opened(self.settings.bus or session_bus(), starts=True) as bus:  # the desktop starts it when somebody asks
                return seen(bus)
        except Unheard:
            return Conditions(name="portal")

    @contextmanager
    def watch(self, changed: Callable[[], None]) -> Iterator[None]:
        """Its signals, its coming and going."""
        from sendoff_networks_dbus.bus import session_bus
        from sendoff_networks_dbus.monitor import rules
        from sendoff_networks_dbus.watcher import Watcher

        with Watcher(self.settings.bus or session_bus(), rules(), changed):
            yield
