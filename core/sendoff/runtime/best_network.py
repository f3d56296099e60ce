"""``use = "auto"``: of all that can be asked about the network, the first that knows anything."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from sendoff.model.conditions import Conditions
from sendoff.ports.network import Network, Watching
from sendoff.runtime.glimpse import Glimpse, with_cost_of

_FLATPAK = "/.flatpak-info"  # every program in such a sandbox finds this file
TOGETHER = 15.0  # seconds that a look may take of which each driver may take some
_ORDER = ("networkmanager", "routes", "always-online")


def preferred(installed: Collection[str], environment: Mapping[str, str], *, flatpak: str = _FLATPAK) -> Sequence[str]:
    """The drivers to ask, best first: inside a sandbox the desktop's portal, which is what there is."""
    sandboxed = "SNAP" in environment or os.path.exists(flatpak)
    return [name for name in (("portal",) if sandboxed else ()) + _ORDER if name in installed]


class BestNetwork(Network, Watching):
    """Asks each time anew, so that one that comes or goes is noticed; what the best does not know of power, another may."""

    Settings = dict

    def __init__(self, networks: Mapping[str, Network]) -> None:
        self._networks, self._asked, self._glimpse = networks, "", Glimpse()
        self._log = logging.getLogger("sendoff.network")

    def look(self) -> Conditions:
        """What the first says that knows anything of reachability or cost."""
        power: bool | None = None
        found, before = Conditions(name="auto"), Conditions()
        for name, network in self._networks.items():
            found = self._glimpse.at(name, network, Conditions(name=name))
            power = found.power if power is None else power
            if self._glimpse.hangs(name):
                before = with_cost_of(before, found)  # whoever comes next may know whether it can be reached
            elif found.online is not None or found.metered is not None or found.portal is not None:
                self._note(name)
                break
        return with_cost_of(before, replace(found, power=power))

    @contextmanager
    def watch(self, changed: Callable[[], None]) -> Iterator[None]:
        """Whatever any of them tells."""
        with ExitStack() as stack:
            for name, network in self._networks.items():
                if isinstance(network, Watching):
                    try:
                        stack.enter_context(network.watch(changed))
                    except Exception:  # noqa: BLE001 - a stranger's code; it is looked at now and then
                        self._log.exception("the network %s does not tell of changes", name)
            yield

    def close(self) -> None:
        """All of them let go of what they hold."""
        for network in self._networks.values():
            network.close()

    def _note(self, name: str) -> None:
        if self._asked and name != self._asked:
            self._log.info("from now on the network is as %s says", name)
        self._asked = name
