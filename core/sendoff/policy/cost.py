"""Whether a network allows an operation now."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from sendoff.model.conditions import Conditions
from sendoff.model.moment import Moment
from sendoff.model.status import CostPolicy, Reason, TransferStatus

_DEAR = {
    "portal": "wants a login", "metered": "metered", "roaming": "roaming", "approaching_limit": "near its limit", "over_limit": "over its limit",
    "restricted": "closed to what can wait",
}  # fmt: skip


class Gate(NamedTuple):
    """Why an operation may not run now. since: when what it is about began. network: whose word it is."""

    status: TransferStatus
    reason: Reason
    since: Moment | None = None
    network: str = ""


class Seen(NamedTuple):
    """What the network was like when a try had broken.

    gate: why it does not allow such a try. away: there is none at all, though the destination is tried all the same, as it is on a private one.
    """

    gate: Gate | None = None
    away: bool = False


def gate(conditions: Conditions, cost_policy: CostPolicy, *, local: bool, unconstrained: bool = False) -> Gate | None:
    """None when the operation may run; unknown allows, and a local destination needs no network. unconstrained: saving power holds it up no more."""
    if conditions.power is False and cost_policy is not CostPolicy.ALWAYS and not unconstrained:
        return Gate(TransferStatus.PAUSED_SYSTEM_POLICY, Reason.POWER)
    if local:
        return None
    if conditions.online is False:
        return Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.OFFLINE, conditions.since, conditions.name)
    if conditions.portal:
        return Gate(TransferStatus.PAUSED_NO_NETWORK, Reason.PORTAL, conditions.since, conditions.name)
    reason = _too_dear(conditions, cost_policy)
    return Gate(TransferStatus.PAUSED_COSTED_NETWORK, reason, conditions.since, conditions.name) if reason else None


def _too_dear(conditions: Conditions, cost_policy: CostPolicy) -> Reason | None:
    """The cost matrix of Windows' CostPolicy: restricted over the limit denies all, roaming and nearing the limit all but ``always``."""
    if conditions.over_limit and conditions.restricted:
        return Reason.OVER_LIMIT
    if cost_policy is CostPolicy.ALWAYS:
        return None
    if conditions.roaming:
        return Reason.ROAMING
    if conditions.over_limit or conditions.approaching_limit:
        return Reason.OVER_LIMIT
    if conditions.metered and cost_policy is CostPolicy.UNRESTRICTED_ONLY:
        return Reason.METERED
    return None


def is_cut_off(conditions: Conditions) -> bool:
    """Whether nothing far away can be reached: no network, or one that wants a login first."""
    return conditions.online is False or bool(conditions.portal)


def same_reach(one: Conditions, other: Conditions) -> bool:
    """Whether both say the same of what can be reached."""
    return (one.online, one.portal) == (other.online, other.portal)


def described(conditions: Conditions) -> str:
    """In words: ``online, metered (phone)``."""
    words = [{True: "online", False: "offline", None: "nothing is known of it"}[conditions.online]]
    words += [word for name, word in _DEAR.items() if getattr(conditions, name)]
    words += ["power is to be saved"] if conditions.power is False else []
    return f"{', '.join(words)} ({conditions.name})" if conditions.name else ", ".join(words)


def stamped(conditions: Conditions, before: Conditions, now: Moment) -> Conditions:
    """These, with since when they are so: as long as ``before`` was where reachability and cost are the same, else since ``now``."""
    same = before.since is not None and _way(conditions) == _way(before)
    return replace(conditions, since=before.since if same else now)


def _way(conditions: Conditions) -> tuple[bool | None, ...]:
    """Reachability and cost: what makes it another network for whoever waits for one."""
    reachable = conditions.online, conditions.portal
    return *reachable, conditions.metered, conditions.roaming, conditions.approaching_limit, conditions.over_limit, conditions.restricted
