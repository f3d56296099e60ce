"""Who starts, who stops: one step from what happened to what is to be done. No thread, sleep or queue inside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from random import Random

from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.lane import Lane
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.model.status import Reason, TransferPriority, TransferStatus
from sendoff.policy.cost import Gate, gate
from sendoff.policy.lifecycle import gated, suspect
from sendoff.policy.schedule import MOST_BYTES, MOST_TOGETHER, admits, is_aged, may_go_along, next_lane
from sendoff.runtime.attempts import Outcome, Ticket
from sendoff.runtime.groups import Groups
from sendoff.runtime.in_force import InForce
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.lineup import FEW, Lineup
from sendoff.runtime.places import Places

_TROUBLE_PAUSE: Moment = 1_000_000
_ASKS = Query(statuses=(TransferStatus.PAUSED_RECOVERABLE.word,), reason=str(Reason.HOST_KEY_UNKNOWN))
_MOST_ASKING = 1000
_MOST_BESIDE = 100  # lanes of a serialized group that are compared: those that have waited longest


@dataclass(frozen=True, slots=True)
class Queued:
    """Something may have become due. lanes: in these; none = it is not known where."""

    lanes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stop:
    """A try is to be stopped, by an order."""

    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Amended:
    """Something else was set, perhaps while a try is under way. record: as it is now."""

    record: Record


@dataclass(frozen=True, slots=True)
class Reached:
    """A try has read its first byte: its destination answered."""

    number: int


@dataclass(frozen=True, slots=True)
class Ended:
    """A try is over."""

    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Changed:
    """The network or the machine is another."""

    conditions: Conditions


@dataclass(frozen=True, slots=True)
class Leave:
    """Nothing more starts, and what can stop stops."""


Signal = Queued | Stop | Amended | Reached | Ended | Changed | Leave


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is to be done now. starts: tickets. stops: ``(number, why)``. wake: step again then at the latest; None = only when something happens.

    trouble: why nothing starts, though something might.
    """

    starts: tuple[Ticket, ...] = ()
    stops: tuple[tuple[int, str], ...] = ()
    wake: Moment | None = None
    trouble: Exception | None = None


@dataclass(frozen=True, slots=True)
class _Running:
    """slot: shared by all of a run, and never given twice: the first of a run may come again while others of it are under way."""

    record: Record
    lane: Lane
    slot: int


class Conductor:
    """Gives slots to lanes. What it knows is rebuilt from the store at any start. in_force: orders for many that are not yet written out.

    groups: how they behave. few: lanes that are looked at anew in each step.
    carrier: what those operations have in common that one connection can carry in one run; None = this one goes alone.
    """

    def __init__(
        self, ledger: Ledger, *, configuration: Callable[[], Configuration], random: Random, in_force: InForce | None = None,
        groups: Groups | None = None, carrier: Callable[[Record], Hashable | None] = lambda _: None, few: int = FEW,
    ) -> None:  # fmt: skip
        self._ledger, self._store = ledger, ledger.journal.store
        self._in_force, self._groups = in_force or InForce(), groups or Groups(ledger.journal)
        self._configuration, self._random, self._carrier = configuration, random, carrier
        self._running: dict[int, _Running] = {}
        self._places, self._lineup = Places(random), Lineup(self._store, few=few)
        self.conditions = Conditions()
        self._last: dict[int, str] = {}
        self._turn, self._slots, self._leaving, self._heard = 0, 0, False, False

    @property
    def running(self) -> int:
        """How many operations are under way."""
        return len(self._running)

    def step(self, signals: Sequence[Signal], now: Moment) -> Orders:
        """From what happened to what is to be done."""
        stops: list[tuple[int, str]] = []
        for signal in signals:
            stops += self._heed(signal, now)
        stops += [(number, "ordered") for number, one in self._running.items() if self._in_force.stops(one.record)]
        tickets: list[Ticket] = []
        try:
            self._hear()
            if not self._leaving:
                self._give_slots(tickets, now)
            wakes = (self._store.wake(now), self._places.wake(now), self._lineup.wake(now))
            moments = [moment for moment in wakes if moment is not None]
        except Exception as error:  # noqa: BLE001 - a store is a stranger's code; what was to start is given back, what is to stop is not held up
            for ticket in tickets:
                self.not_started(ticket)
            return Orders(stops=tuple(stops), wake=now + _TROUBLE_PAUSE, trouble=error)
        return Orders(starts=tuple(tickets), stops=tuple(stops), wake=min(moments, default=None))

    def gate_of(self, record: Record) -> Gate | None:
        """Why the network does not allow this operation just now."""
        return gate(self.conditions, record.spec.cost_policy, local=record.spec.local)

    def down(self, place: str) -> bool:
        """Whether a destination cannot be reached, as far as is known."""
        return self._places.down_since(place) is not None

    def asks(self, place: str) -> int | None:
        """The operation that asks a person on behalf of all that go there."""
        return self._places.asks(place)

    def not_started(self, ticket: Ticket) -> None:
        """The machine had no thread for it: its slot is free again."""
        for record in ticket.records:
            self._running.pop(record.number, None)
        place = _place(ticket.record)
        self._places.freed(place, 0, self._configuration().retry, unreachable=False, answered=False)

    def _hear(self) -> None:
        """Where one asked a person and does so no more, another may try; what a host before this one knew is taken from the store."""
        if not self._heard:
            for record in self._store.find(_ASKS, limit=_MOST_ASKING).items:
                self._places.ask(_place(record), record.number)
            self._heard = True
        for place, number in self._places.asking():
            asks = self._ledger.read(number)
            if asks is None or asks.status is not TransferStatus.PAUSED_RECOVERABLE:
                self._places.answered(place)

    def _heed(self, signal: Signal, now: Moment) -> list[tuple[int, str]]:
        """Take one signal in; which tries are to be stopped for it."""
        match signal:
            case Ended(outcome):
                self._ended(outcome, now)
            case Reached(number) if number in self._running:
                self._places.reached(self._running[number].lane.place)
            case Stop(number, why) if number in self._running:
                return [(number, why)]
            case Amended(record) if record.number in self._running:
                return self._amended(record)
            case Changed(conditions):
                return self._changed(conditions)
            case Queued(lanes):
                self._lineup.name(lanes)
            case Leave():
                self._leaving = True
                return [(number, "the host leaves") for number in self._running]
            case _:
                pass
        return []

    def _ended(self, outcome: Outcome, now: Moment) -> None:
        running = self._running.pop(outcome.number, None)
        if running is not None:
            rules = self._configuration().retry
            self._lineup.name((running.lane.key,))
            last = not any(one.slot == running.slot for one in self._running.values())
            self._places.freed(running.lane.place, now, rules, unreachable=outcome.unreachable, answered=outcome.answered, slot=last)
            if outcome.asks:
                self._places.ask(running.lane.place, outcome.number)

    def _changed(self, conditions: Conditions) -> list[tuple[int, str]]:
        """Stop what is no longer allowed; what was unreachable on the old network may be reachable on the new one."""
        if conditions != self.conditions:
            self._places.forgive()
        self.conditions = conditions
        return self._no_longer_allowed(self._running)

    def _amended(self, record: Record) -> list[tuple[int, str]]:
        """What is under way is held to its new cost policy, now and at the next change of the network."""
        running = self._running[record.number]
        if record.version > running.record.version:
            lane = running.lane if running.lane.at_once else replace(running.lane, key=record.lane)
            self._running[record.number] = replace(running, record=record, lane=lane)
        return self._no_longer_allowed([record.number])

    def _no_longer_allowed(self, numbers: Iterable[int]) -> list[tuple[int, str]]:
        """Those of them that the network as it is now does not allow."""
        looked = ((number, self._running[number]) for number in numbers)
        gates = ((number, self.gate_of(one.record)) for number, one in looked if not one.lane.at_once)
        return [(number, str(closed.reason)) for number, closed in gates if closed is not None]

    def _give_slots(self, tickets: list[Ticket], now: Moment) -> None:
        """As many tickets as there are free slots and operations that may take them."""
        free = self._configuration().limits.concurrency - len({one.slot for one in self._running.values()})
        if free <= 0:
            return
        self._lineup.look(now, self._last)
        heads: dict[str, list[Record]] = {}
        while len(tickets) < free:
            lane = self._next(heads, now)
            if lane is None:
                break
            ticket = self._take(lane, heads, now)
            if ticket is not None:
                tickets.append(ticket)
            if ticket is None or not heads[lane.key]:  # when one of these ends, the lane is named
                self._lineup.drop(lane)

    def _next(self, heads: dict[str, list[Record]], now: Moment) -> Lane | None:
        """The lane that gets a slot."""
        limits, under_way = self._configuration().limits, self._under_way()

        def has_room(lane: Lane) -> bool:
            return self._admitted(lane, under_way, beside=limits.high_beside) and self._room(lane, now) > 0

        lane = None
        if any(self._places.room(place, now, limits.per_destination, at_once=True) > 0 for place in self._lineup.places):
            lane = next_lane(self._lineup.lanes, has_room=has_room, last=self._last, turn=self._turn)
        if lane is None:
            self._last |= self._lineup.passed()
            return None
        return self._foremost(lane, heads, has_room, now) if self._groups.serialized(lane.group) else lane

    def _foremost(self, lane: Lane, heads: dict[str, list[Record]], has_room: Callable[[Lane], bool], now: Moment) -> Lane:
        """Of a serialized group the first come first, wherever they go."""
        some = nsmallest(_MOST_BESIDE, (one for one in self._lineup.like(lane) if has_room(one)), key=lambda one: one.since)
        open_ones = [one for one in some if gate(self.conditions, one.cost_policy, local=one.local) is None]
        for one in open_ones:
            if one.key not in heads:
                heads[one.key] = self._heads(one, now)
        return min((one for one in open_ones if heads[one.key]), key=lambda one: heads[one.key][0].place, default=lane)

    def _under_way(self) -> dict[str | None, list[bool]]:
        """By group, of each that runs whether it has high priority."""
        found: dict[str | None, list[bool]] = {}
        for one in self._running.values():
            found.setdefault(one.record.group, []).append(one.record.priority is TransferPriority.HIGH)
        return found

    def _admitted(self, lane: Lane, under_way: Mapping[str | None, Collection[bool]], *, beside: bool) -> bool:
        """Whether its group lets one more of it start."""
        if not self._groups.serialized(lane.group):
            return True
        return admits(under_way.get(lane.group, ()), high=lane.order == TransferPriority.HIGH.order, beside=beside and not lane.at_once)

    def _take(self, lane: Lane, heads: dict[str, list[Record]], now: Moment) -> Ticket | None:
        """A ticket for the first of a lane; None when it has nobody (left) who may start."""
        closed = gate(self.conditions, lane.cost_policy, local=lane.local)
        if closed is not None:
            self._hold(self._due(lane, now, self._slots_for(lane, now)), closed)
            return None
        if lane.key not in heads:
            heads[lane.key] = self._heads(lane, now)
        record = self._first(heads[lane.key])
        if record is None:
            return None
        along = self._along(record, lane, heads[lane.key])
        self._slots += 1
        for one in (record, *along):
            self._running[one.number] = _Running(one, lane, self._slots)
        self._places.taken(lane.place)
        if not is_aged(self._turn):
            self._last[lane.order] = lane.key
        self._turn += 1
        since = self._places.down_since(lane.place)
        return Ticket(record, max(since, record.due or since) if since is not None else None, along)

    def _heads(self, lane: Lane, now: Moment) -> list[Record]:
        """The first of a lane: one for each slot it may get and one more, or a run for each where its first may go in one."""
        slots = self._slots_for(lane, now)
        found = self._due(lane, now, slots + 1)
        if len(found) <= 1 or self._alone(lane) or not may_go_along(found[0]) or self._carrier(found[0]) is None:
            return found
        return self._due(lane, now, slots * MOST_TOGETHER)

    def _slots_for(self, lane: Lane, now: Moment) -> int:
        """As many as it could get if no other lane wanted any."""
        return min(self._room(lane, now), self._configuration().limits.concurrency)

    def _along(self, record: Record, lane: Lane, heads: list[Record]) -> tuple[Record, ...]:
        """Those that go with this one, taken from the list: small ones for the same connection, as many as fit. Whoever does not fit stays at its place."""
        carrier = None if self._alone(lane) or not may_go_along(record) else self._carrier(record)
        if carrier is None:
            return ()
        targets = {one.record.target for one in self._running.values() if one.record.target is not None} | {record.target}
        room, along = min(MOST_BYTES, self._configuration().limits.share) - record.spec.source.size, list[Record]()
        for one in heads:
            fits = one.spec.source.size <= room and (one.target is None or one.target not in targets)
            if len(along) + 1 < MOST_TOGETHER and fits and may_go_along(one) and self._carrier(one) == carrier:
                along.append(one)
                targets.add(one.target)
                room -= one.spec.source.size
        taken = {one.number for one in along}
        heads[:] = [one for one in heads if one.number not in taken]
        return tuple(along)

    def _alone(self, lane: Lane) -> bool:
        """Whether nobody of this lane goes along with another."""
        return lane.at_once or self._groups.serialized(lane.group)

    def _first(self, heads: list[Record]) -> Record | None:
        """The first that may start beside what runs, taken from the list: never two to one target, even if somebody resumed an earlier one."""
        one_runs = any(suspect(one.record) for one in self._running.values())
        targets = {one.record.target for one in self._running.values() if one.record.target is not None}
        free = (index for index, record in enumerate(heads) if record.target not in targets and not (one_runs and suspect(record)))
        index = next(free, None)
        return None if index is None else heads.pop(index)

    def _due(self, lane: Lane, now: Moment, count: int) -> list[Record]:
        """The first of a lane that are not yet on their way; a given ticket may not be claimed yet."""
        given = sum(1 for one in self._running.values() if one.lane.key == lane.key)
        found = self._store.due(lane.key, now, count + given)
        return [record for record in found if record.number not in self._running and not self._in_force.holds(record)][:count]

    def _hold(self, records: Sequence[Record], closed: Gate) -> None:
        """Those that would start wait for the network; the others stay queued behind them."""
        for record in records:
            if (record.status, record.reason) != (closed.status, str(closed.reason)):
                self._ledger.enter(record, gated(closed))

    def _room(self, lane: Lane, now: Moment) -> int:
        return self._places.room(lane.place, now, self._configuration().limits.per_destination, at_once=lane.at_once)


def _place(record: Record) -> str:
    return Lane(key=record.lane, since=0).place
