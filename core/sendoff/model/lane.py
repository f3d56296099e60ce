"""A line of operations that wait for the same thing."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.model.moment import Moment
from sendoff.model.status import CostPolicy, TransferPriority


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A lane in which something is due. key: see ``lane_key``. since: the earliest moment at which one of its operations became due.

    >>> sendoff.Lane(key="1|0|0|night|archive", since=0).group
    'night'
    """

    key: str
    since: Moment

    @property
    def order(self) -> int:
        """High priority before default before low."""
        return int(self.key[0])

    @property
    def cost_policy(self) -> CostPolicy:
        """On which networks the operations of this lane may run."""
        return CostPolicy(int(self.key[2]))

    @property
    def local(self) -> bool:
        """May be tried without a network: the destination is reached without one, or somebody wants it tried whatever the network is."""
        return self.key[4] in "124"

    @property
    def unconstrained(self) -> bool:
        """Goes on while the machine saves power."""
        return self.key[4] in "234"

    @property
    def at_once(self) -> bool:
        """For one try whatever network, power or back-off say."""
        return self.key[4] == "2"

    @property
    def group(self) -> str | None:
        """The group of its operations; None for those without one."""
        return self.key.split("|", 4)[3] or None

    @property
    def place(self) -> str:
        """The destination's name, or the origin of a bare address: what can be reached or not."""
        return self.key.split("|", 4)[4]


def lane_key(
    *, place: str, group: str | None, priority: TransferPriority, cost_policy: CostPolicy, local: bool, at_once: bool = False,
    unconstrained: bool = False,
) -> str:  # fmt: skip
    """The lane of an operation: ``order|cost|local|group|place``; a group's name has no bar in it. at_once: goes first, and no gate closes it."""
    if at_once:
        return f"{TransferPriority.HIGH.order}|{int(CostPolicy.ALWAYS)}|2|{group or ''}|{place}"
    return f"{priority.order}|{int(cost_policy)}|{int(local) + 3 * unconstrained}|{group or ''}|{place}"
