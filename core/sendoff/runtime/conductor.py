"""Who starts, who stops: one step from what happened to what is to be done. No thread, sleep or queue inside."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from heapq import nsmallest
from random import Random

from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.lane import Lane
from sendoff.model.limits import Limits
from sendoff.model.moment import Moment
from sendoff.model.operation import Record
from sendoff.model.query import Query
from sendoff.model.status import Reason, TransferPriority, TransferStatus
from sendoff.policy.cost import Gate
from sendoff.policy.lifecycle import gated, hurried
from sendoff.policy.schedule import admits, is_aged, next_lane
from sendoff.policy.waits import Full
from sendoff.runtime.groups import Groups
from sendoff.runtime.heads import Heads
from sendoff.runtime.in_force import InForce
from sendoff.runtime.last_network import LastNetwork
from sendoff.runtime.ledger import Ledger
from sendoff.runtime.lineup import FEW, Lineup
from sendoff.runtime.outlook import Outlook
from sendoff.runtime.places import Places
from sendoff.runtime.signals import Amended, Changed, Ended, Leave, Orders, Queued, Reached, Signal, Slept, Stop
from sendoff.runtime.slots import Slots
from sendoff.runtime.ticket import Outcome, Ticket

_TROUBLE_PAUSE: Moment = 1_000_000
_ASKS = Query(statuses=(TransferStatus.PAUSED_RECOVERABLE.word,), reason=str(Reason.HOST_KEY_UNKNOWN))
_UNREACHABLE = Query(statuses=(TransferStatus.RUNNING.word,), reason=str(Reason.UNREACHABLE))
_MOST_ASKING = 1000
_MOST_BESIDE = 100  # lanes of a serialized group that are compared: those that have waited longest


class Conductor:
    """Gives slots to lanes. What it knows is rebuilt from the store at any start. in_force: orders for many that are not yet written out.

    groups: how they behave. few: lanes that are looked at anew in each step.
    carrier: what those operations have in common that one connection can carry in one run; None = this one goes alone. near, last: see ``Outlook``.
    fed: how many at once the bandwidth keeps alive, in all (None) or to a destination; None = any number. turn: when that may next be otherwise.
    """

    def __init__(
        self, ledger: Ledger, *, configuration: Callable[[], Configuration], random: Random, in_force: InForce | None = None,
        groups: Groups | None = None, carrier: Callable[[Record], Hashable | None] = lambda _: None, few: int = FEW,
        near: Callable[[str], bool] = lambda _: False, fed: Callable[[str | None], int | None] = lambda _: None, last: LastNetwork | None = None,
        turn: Callable[[], Moment | None] = lambda: None,
    ) -> None:  # fmt: skip
        self._ledger, self._store = ledger, ledger.journal.store
        self._in_force, self._groups = in_force or InForce(), groups or Groups(ledger.journal)
        self._configuration, self._random, self._carrier = configuration, random, carrier
        self._fed, self._when_fed = fed, turn
        self._slots = Slots()
        self._places, self._lineup = Places(random), Lineup(self._store, few=few)
        self._outlook = Outlook(random, lambda: configuration().settle, near, last)
        self._last: dict[int, str] = {}
        self._turn, self._leaving, self._heard, self._another = 0, False, False, False

    @property
    def running(self) -> int:
        """How many operations are under way."""
        return len(self._slots)

    @property
    def conditions(self) -> Conditions:
        """What is known of the network, and since when it is so."""
        return self._outlook.conditions

    def step(self, signals: Sequence[Signal], now: Moment) -> Orders:
        """From what happened to what is to be done."""
        stops: list[tuple[int, str]] = []
        for signal in signals:
            stops += self._heed(signal, now)
        stops += [(number, "ordered") for number, one in self._slots.items() if self._in_force.stops(one.record)]
        tickets: list[Ticket] = []
        try:
            self._hear()
            self._ask_anew(now)
            if not self._leaving:
                self._give_slots(tickets, now)
            wakes = (self._store.wake(now), self._places.wake(now), self._lineup.wake(now), self._outlook.wake(now), self._when_fed())
            moments = [moment for moment in wakes if moment is not None]
        except Exception as error:  # noqa: BLE001 - a store is a stranger's code; what was to start is given back, what is to stop is not held up
            for ticket in tickets:
                self.not_started(ticket)
            return Orders(stops=tuple(stops), wake=now + _TROUBLE_PAUSE, trouble=error)
        return Orders(starts=tuple(tickets), stops=tuple(stops), wake=min(moments, default=None))

    def priority_of(self, record: Record) -> TransferPriority:
        """Of what is under way, as it is now."""
        held = self._slots.get(record.number)
        return record.priority if held is None else held.record.priority

    def gate_of(self, record: Record, conditions: Conditions | None = None) -> Gate | None:
        """Why the network does not allow this operation just now. conditions: as they are instead."""
        return self._outlook.gate_of(record, conditions)

    def down_since(self, place: str) -> Moment | None:
        """Since when a destination cannot be reached; None = it can, as far as is known."""
        return self._places.down_since(place)

    def full(self, record: Record) -> Full | None:
        """The limit that is reached and keeps this operation from beginning; may be asked from any thread."""
        limits, fed, used, place = self._configuration().limits, self._fed(None), self._slots.used, _place(record)
        if used >= (limits.concurrency if fed is None else min(limits.concurrency, fed)):
            return Full("bandwidth" if fed is not None and fed < limits.concurrency else "all", used)
        busy, reached = self._places.use(place)
        if busy and not reached:
            return Full("first", busy, place)
        if busy >= self._beside(place):
            return Full("bandwidth" if self._beside(place) < limits.beside(place) else "destination", busy, place)
        return None

    def asks(self, place: str) -> int | None:
        """The operation that asks a person on behalf of all that go there."""
        return self._places.asks(place)

    def not_started(self, ticket: Ticket) -> None:
        """The machine had no thread for it: its slot is free again."""
        for record in ticket.records:
            self._slots.leave(record.number)
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
            case Reached(number) if number in self._slots:
                self._places.reached(self._slots[number].lane.place)
            case Stop(number, why) if number in self._slots:
                return [(number, why)]
            case Amended(record) if record.number in self._slots:
                return self._amended(record)
            case Changed(conditions, sure):
                return self._changed(conditions, now, sure=sure)
            case Slept():
                return self._woken(now)
            case Queued(lanes):
                self._lineup.name(lanes)
            case Leave():
                self._leaving = True
                return [(number, "the host leaves") for number in self._slots]
            case _:
                pass
        return []

    def _ended(self, outcome: Outcome, now: Moment) -> None:
        held = self._slots.leave(outcome.number)
        if held is not None:
            rules, free = self._configuration().retry, self._slots.is_free(held.slot)
            self._lineup.name((held.lane.key,))
            self._places.freed(held.lane.place, now, rules, unreachable=outcome.unreachable, answered=outcome.answered, slot=free)
            if outcome.delivered and not held.record.spec.local:
                self._outlook.delivered(now, held.lane.place)
            if outcome.asks:
                self._places.ask(held.lane.place, outcome.number)

    def _changed(self, conditions: Conditions, now: Moment, *, sure: bool) -> list[tuple[int, str]]:
        """Stop what is no longer allowed; what was unreachable on the old network may be reachable on the new one."""
        if self._outlook.changed(conditions, now, sure=sure):
            self._places.forgive()
            self._another = True
        return self._no_longer_allowed(self._slots)

    def _woken(self, now: Moment) -> list[tuple[int, str]]:
        """No connection has outlived the machine's sleep, though nothing says so; the servers know how far each upload came."""
        self._outlook.slept(now)
        self._places.forgive()
        self._another = True
        return [(number, "the machine slept") for number in self._slots]

    def _ask_anew(self, now: Moment) -> None:
        """Whoever waits to ask again for what could not be reached need not wait on another network."""
        if self._another:
            for record in self._store.find(_UNREACHABLE, limit=_MOST_ASKING).items:
                if record.owner is None:
                    self._ledger.enter(record, hurried(record, now))
            self._another = False

    def _amended(self, record: Record) -> list[tuple[int, str]]:
        """What is under way is held to its new cost policy, now and at the next change of the network."""
        self._slots.amend(record)
        return self._no_longer_allowed([record.number])

    def _no_longer_allowed(self, numbers: Iterable[int]) -> list[tuple[int, str]]:
        """Those of them that the network as it is now does not allow."""
        looked = ((number, self._slots[number]) for number in numbers)
        gates = ((number, self.gate_of(one.record)) for number, one in looked if not one.lane.at_once)
        return [(number, str(closed.reason)) for number, closed in gates if closed is not None]

    def _give_slots(self, tickets: list[Ticket], now: Moment) -> None:
        """As many tickets as there are free slots and operations that may take them."""
        limits = self._configuration().limits
        fed = self._fed(None)
        free = (limits.concurrency if fed is None else min(limits.concurrency, fed)) - self._slots.used
        if free <= 0:
            return
        self._lineup.look(now, self._last)
        heads = Heads(
            self._store, self._slots, self._places, in_force=self._in_force, groups=self._groups, carrier=self._carrier, limits=limits, now=now,
            beside=self._beside,
        )  # fmt: skip
        while len(tickets) < free:
            lane = self._next(heads, limits, now)
            if lane is None:
                break
            ticket = self._take(lane, heads)
            if ticket is not None:
                tickets.append(ticket)
            if ticket is None or not heads.of(lane):  # when one of these ends, the lane is named
                self._lineup.drop(lane)

    def _beside(self, place: str) -> int:
        """How many may run to one destination."""
        most, fed = self._configuration().limits.beside(place), self._fed(place)
        return most if fed is None else min(most, fed)

    def _next(self, heads: Heads, limits: Limits, now: Moment) -> Lane | None:
        """The lane that gets a slot."""
        under_way = self._slots.groups

        def has_room(lane: Lane) -> bool:
            return not self._outlook.rests(lane, now) and self._admitted(lane, under_way, beside=limits.high_beside) and heads.room(lane) > 0

        lane = None
        if any(self._places.room(place, now, self._beside(place), at_once=True) > 0 for place in self._lineup.places):
            lane = next_lane(self._lineup.lanes, has_room=has_room, last=self._last, turn=self._turn)
        if lane is None:
            self._last |= self._lineup.passed()
            return None
        return self._foremost(lane, heads, has_room) if self._groups.serialized(lane.group) else lane

    def _foremost(self, lane: Lane, heads: Heads, has_room: Callable[[Lane], bool]) -> Lane:
        """Of a serialized group the first come first, wherever they go."""
        some = nsmallest(_MOST_BESIDE, (one for one in self._lineup.like(lane) if has_room(one)), key=lambda one: one.since)
        open_ones = [one for one in some if self._outlook.gate_for(one) is None]
        return min((one for one in open_ones if heads.of(one)), key=lambda one: heads.of(one)[0].place, default=lane)

    def _admitted(self, lane: Lane, under_way: Mapping[str | None, Collection[bool]], *, beside: bool) -> bool:
        """Whether its group lets one more of it start."""
        if not self._groups.serialized(lane.group):
            return True
        return admits(under_way.get(lane.group, ()), high=lane.order == TransferPriority.HIGH.order, beside=beside and not lane.at_once)

    def _take(self, lane: Lane, heads: Heads) -> Ticket | None:
        """A ticket for the first of a lane; None when it has nobody (left) who may start."""
        closed = self._outlook.gate_for(lane)
        if closed is not None:
            self._hold(heads.held_up(lane), closed)
            return None
        records = heads.take(lane)
        if not records:
            return None
        self._slots.give(records, lane)
        self._places.taken(lane.place)
        if not is_aged(self._turn):
            self._last[lane.order] = lane.key
        self._turn += 1
        since, (record, *along) = self._places.down_since(lane.place), records
        return Ticket(record, max(since, record.due or since) if since is not None else None, tuple(along))

    def _hold(self, records: Sequence[Record], closed: Gate) -> None:
        """Those that would start wait for the network; the others stay queued behind them."""
        for record in records:
            if (record.status, record.reason) != (closed.status, str(closed.reason)):
                self._ledger.enter(record, gated(closed, record))


def _place(record: Record) -> str:
    return Lane(key=record.lane, since=0).place
