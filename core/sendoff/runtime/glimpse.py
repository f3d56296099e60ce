"""One look at the network by one driver, who may hang, raise or answer nonsense: unknown is a value, and allows."""

from __future__ import annotations

import logging

from sendoff.deadline import Deadlines, Overdue, attempted
from sendoff.model.conditions import Conditions
from sendoff.ports.network import Network

WITHIN = 3.0  # seconds; the port says 2
_UNKNOWN = Conditions()


class Glimpse:
    """Looks by whatever driver. seconds: how long one may take."""

    def __init__(self, seconds: float = WITHIN) -> None:
        self._deadlines, self._hanging = Deadlines(lambda: seconds), set[str]()
        self._log = logging.getLogger("sendoff.network")

    def at(self, name: str, network: Network, unknown: Conditions = _UNKNOWN) -> Conditions:
        """What it says now. name: the driver's, for the log. unknown: instead of what it does not say."""
        try:
            found, error = self._deadlines.call(name, lambda: attempted(network.look))
        except Overdue as cause:
            self._hangs(name, cause)
            return unknown
        self._hanging.discard(name)
        if error is not None:
            self._log.error("the network %s failed; it counts as unknown", name, exc_info=error)
        elif not isinstance(found, Conditions):
            self._log.error("the network %s answered with a %s, which is no Conditions; it counts as unknown", name, type(found).__name__)
        return found if isinstance(found, Conditions) else unknown

    def _hangs(self, name: str, cause: Overdue) -> None:
        """Once, however often it is asked meanwhile."""
        if name not in self._hanging:
            self._log.error("the network %s hangs: it did not answer within %g seconds; until it does it counts as unknown", name, cause.seconds)
        self._hanging.add(name)
