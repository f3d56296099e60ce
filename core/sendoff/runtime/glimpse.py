"""One look at the network by one driver, who may hang, raise or answer nonsense: unknown is a value, and allows."""

from __future__ import annotations

import logging
import time
from dataclasses import replace

from sendoff.deadline import Deadlines, Overdue, attempted
from sendoff.model.conditions import Conditions
from sendoff.ports.network import Network

WITHIN = 3.0  # seconds; the port says 2
REMEMBERED = 300.0  # seconds for which one that hangs is believed about cost: a slow bus makes no network free
_UNKNOWN = Conditions()
_COST = ("metered", "roaming", "approaching_limit", "over_limit", "restricted")


class Glimpse:
    """Looks by whatever driver. seconds: how long one may take."""

    def __init__(self, seconds: float = WITHIN) -> None:
        self._deadlines = Deadlines(lambda: seconds)
        self._hanging, self._last = dict[str, float](), dict[str, Conditions]()
        self._log = logging.getLogger("sendoff.network")

    def at(self, name: str, network: Network, unknown: Conditions = _UNKNOWN) -> Conditions:
        """What it says now. name: the driver's, for the log. unknown: instead of what it does not say."""
        try:
            found, error = self._deadlines.call(name, lambda: attempted(network.look))
        except Overdue as cause:
            self._hangs(name, cause)
            return self._remembered(name, unknown)
        self._hanging.pop(name, None)
        if error is not None:
            self._log.error("the network %s failed; it counts as unknown", name, exc_info=error)
        elif not isinstance(found, Conditions):
            self._log.error("the network %s answered with a %s, which is no Conditions; it counts as unknown", name, type(found).__name__)
        self._last[name] = found if isinstance(found, Conditions) else unknown
        return self._last[name]

    def hangs(self, name: str) -> bool:
        """Whether it did not answer when it was last asked; what it is said to say is then what it said before."""
        return name in self._hanging

    def _remembered(self, name: str, unknown: Conditions) -> Conditions:
        if time.monotonic() - self._hanging[name] > REMEMBERED:
            return unknown
        return with_cost_of(self._last.get(name, unknown), unknown)

    def _hangs(self, name: str, cause: Overdue) -> None:
        """Once, however often it is asked meanwhile."""
        if name not in self._hanging:
            self._log.error(
                "the network %s hangs: it did not answer within %g seconds; until it does it counts as unknown, for %g minutes except for what it costs",
                name, cause.seconds, REMEMBERED / 60,
            )  # fmt: skip
        self._hanging.setdefault(name, time.monotonic())


def with_cost_of(one: Conditions, other: Conditions) -> Conditions:
    """The other, at the cost of the one, as far as that knows it."""
    known = {name: value for name in _COST if (value := getattr(one, name)) is not None}
    return replace(other, **known)
