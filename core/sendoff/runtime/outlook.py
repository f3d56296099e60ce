"""What is known of the network, and what follows from it for who may start."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from sendoff.model.conditions import Conditions
from sendoff.model.lane import Lane
from sendoff.model.moment import Moment, moment
from sendoff.model.operation import Record
from sendoff.model.status import Reason
from sendoff.policy.cost import Gate, gate, is_cut_off, same_reach, stamped
from sendoff.runtime.last_network import LastNetwork


class Outlook:
    """The conditions, and the doubts about them.

    settle: seconds over which those that waited for a network come back, each machine at its own moment. near: whether a destination lies on a private
    network, though its address does not show it. last: what it was before this process.
    """

    def __init__(
        self, random: Random, settle: Callable[[], float], near: Callable[[str], bool] = lambda _: False, last: LastNetwork | None = None,
    ) -> None:  # fmt: skip
        self._random, self._settle, self._near, self._last = random, settle, near, last
        self.conditions = Conditions()
        self._said, self._refuted = Conditions(), False
        self._quiet: Moment = 0

    def gate_of(self, record: Record, conditions: Conditions | None = None) -> Gate | None:
        """Why this operation is not allowed now. conditions: as they are instead."""
        lane = Lane(key=record.lane, since=0)
        found = gate(conditions or self.conditions, record.spec.cost_policy, local=record.spec.local, unconstrained=record.spec.unconstrained)
        return self._unless_near(found, lane.place)

    def gate_for(self, lane: Lane) -> Gate | None:
        """Why nobody of this lane is allowed now."""
        return self._unless_near(gate(self.conditions, lane.cost_policy, local=lane.local, unconstrained=lane.unconstrained), lane.place)

    def changed(self, conditions: Conditions, now: Moment, *, sure: bool) -> bool:
        """Another look; whether it is another network. sure: whoever looked had seen a try break, too. ``since`` of conditions: when it was first seen so."""
        if sure or not same_reach(conditions, self._said):
            self._refuted = False
        self._said = conditions
        conditions = replace(conditions, online=None) if self._refuted else conditions
        news = replace(conditions, since=self.conditions.since) != self.conditions
        if is_cut_off(self.conditions) and not is_cut_off(conditions):
            self._quiet = now + moment(self._random.uniform(0.0, self._settle()))
        self._stamp(conditions, now if conditions.since is None else conditions.since)
        return news

    def delivered(self, now: Moment, place: str) -> None:
        """Something has arrived: whoever says that there is no way out is wrong, unless it is near, until the look is another or a try breaks.

        A login page may seem to take everything: it is not refuted.
        """
        if self.conditions.online is False and not self.conditions.portal and not self._near(place):
            self._refuted = True
            self._stamp(replace(self.conditions, online=None), now)

    def slept(self, now: Moment) -> None:
        """The machine has just woken: its network is given time to come back."""
        self._quiet = now + moment(self._settle() * self._random.uniform(1.0, 2.0))

    def rests(self, lane: Lane, now: Moment) -> bool:
        """Whether nobody of this lane begins yet."""
        return now < self._quiet and not lane.local

    def wake(self, now: Moment) -> Moment | None:
        """When those who rest begin; None = nobody rests."""
        return self._quiet if self._quiet > now else None

    def _stamp(self, conditions: Conditions, began: Moment) -> None:
        """These are in force. began: since when, unless it was so before."""
        before = self.conditions
        if before.since is None and self._last is not None:
            before = self._last.known
        self.conditions = stamped(conditions, before, began)
        if self._last is not None and self.conditions.since != before.since:
            self._last.keep(self.conditions)

    def _unless_near(self, found: Gate | None, place: str) -> Gate | None:
        """A private network needs no way out of it; behind a login page every name may seem to lead there."""
        return None if found is not None and found.reason is Reason.OFFLINE and self._near(place) else found
