"""One seed: people who order, servers that fail, processes that die, and the invariants after every step."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

from greenlet import getcurrent, greenlet
from sendoff.errors import InvalidArgument, InvalidState, Json, SendoffError, Transient, Unreachable
from sendoff.model.conditions import Conditions
from sendoff.model.configuration import Configuration
from sendoff.model.delivery import Demand
from sendoff.model.limits import Limits, RetryRules
from sendoff.model.operation import Request
from sendoff.model.query import Created, Order, Query, Selection
from sendoff.policy.standing import Standing
from sendoff.runtime.key import MemoryKey
from sendoff.runtime.lineup import FEW
from sendoff.runtime.signals import Changed, Ended, Queued, Slept
from sendoff.runtime.ticket import Ticket
from sendoff.testing.memory_store import MemoryStore
from sendoff.testing.memory_transport import MemoryServer

from tests.simulation.invariants import Invariants
from tests.simulation.process import Crash, Process, VirtualClock
from tests.simulation.removals import Removals

PLACES = ("10.0.0.0", "10.0.0.1", "h.example")  # the last one needs a network
VERBS = ("pause", "resume", "cancel", "retry", "acknowledge")
GROUPS = ("one", "two")
PRIORITIES = ("default", "default", "high", "low")
COSTS = ("default", "default", "unrestricted-only", "always")
BEFORE = {"connect"}  # a fault here means that no connection came about


@dataclass(slots=True)
class Odds:
    """How likely what is, drawn anew for each seed."""

    fault: float
    crash: float
    order: float
    forget: float
    network: float
    again: float

    @classmethod
    def drawn(cls, random: Random) -> Odds:
        return cls(
            fault=random.choice((0.0, 0.05, 0.2, 0.4)), crash=random.choice((0.0, 0.05, 0.15)), order=random.choice((0.0, 0.1, 0.3)),
            forget=random.choice((0.0, 0.0, 0.05)), network=random.choice((0.0, 0.0, 0.05)),
            again=random.choice((0.0, 0.0, 0.1)),
        )  # fmt: skip


@dataclass(slots=True, eq=False)
class Hand:
    """A worker: a greenlet that stops at every point of its transport."""

    process: Process
    ticket: Ticket
    run: greenlet


@dataclass
class World:
    """Everything a seed decides; ``play`` raises AssertionError with what was violated."""

    seed: int
    sources: list[Path]
    folder: Path
    random: Random = field(init=False)
    hands: list[Hand] = field(default_factory=list)
    zombies: list[Hand] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    crashes: int = 0
    touched: int = 0
    together: int = 0
    healed: bool = False
    process: Process | None = None

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.odds, self.clock, self.store = Odds.drawn(self.random), VirtualClock(), MemoryStore()
        self.server, self.key = MemoryServer(point=self._point), MemoryKey()
        self.configuration = Configuration(
            limits=Limits(concurrency=self.random.choice((1, 2, 4)), per_destination=self.random.choice((1, 2)), high_beside=self.random.random() < 0.3),
            retry=RetryRules(patience=self.random.choice((3600.0, 3 * 86400.0)), resend=0),
        )
        self.bundling = self.random.random() < 0.5
        self.few = self.random.choice((0, 0, FEW))  # lanes that are looked at in each step
        self.own = self.folder / f"own-{self.seed}"  # files that may be let go of
        shutil.rmtree(self.own, ignore_errors=True)
        (self.own / "moved").mkdir(parents=True)
        self.removals = Removals(self.own / "moved")
        self.invariants = Invariants(self.store, self.server, self.removals)
        for path in self.sources:
            self._touch(path)
        self.process = self._boot()

    def play(self, steps: int = 30) -> None:
        """Drawn steps, then everything heals and must come to an end."""
        self._safely(self._create)
        for _ in range(steps):
            self._step()
            self.invariants.check(self.created)
        self._heal()
        self.invariants.check_end(self.created)
        shutil.rmtree(self.own)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        draw = self.random.random()
        if draw < self.odds.order:
            self._safely(self._create if self.random.random() < 0.3 else self._order)
        elif draw < self.odds.order + self.odds.network:
            conditions = Conditions(online=self.random.random() < 0.7, metered=self.random.random() < 0.5, roaming=self.random.random() < 0.2)
            signals = [Slept()] if self.random.random() < 0.03 else [Changed(conditions)]
            self._safely(lambda: self._conduct(signals))
        elif draw < self.odds.order + self.odds.network + self.odds.forget:
            self._forget()
        elif draw < self.odds.order + self.odds.network + self.odds.forget + self.odds.again:
            self._safely(self._put_again)
        elif self.zombies and draw > 0.95:
            self._resume(self.random.choice(self.zombies))
        elif self.hands and draw < 0.75:
            self._resume(self.random.choice(self.hands))
        else:
            self._safely(self._conduct)

    def _safely(self, act: object) -> None:
        """Let the process do something; if it dies over it, the next one takes over."""
        try:
            act()  # type: ignore[operator]
        except Crash:
            self._take_over()

    def _create(self) -> None:
        """One, or a handful that may go along with each other."""
        scheme, method = self.random.choice((("plain", None), ("plain", "POST"), ("session", None), ("session", None)))
        place, patience = self.random.choice(PLACES), self.random.choice((None, None, 0))
        group, priority = self.random.choice((None, None, None, *GROUPS)), self.random.choice(PRIORITIES)
        cost = self.random.choice(COSTS)
        for _ in range(self.random.choice((1, 3, 6)) if self.bundling else 1):
            name = f"t{self.random.randrange(6 if self.bundling else 3)}"
            url = f"{scheme}://{place}/{name}"
            self._ask(replace(self._sent(method), destination=url, method=method, patience=patience, group=group, priority=priority, cost_policy=cost))

    def _sent(self, method: str | None) -> Request:
        """A file that stays; or, of what is no POST, one that is to be let go of, perhaps the same as before."""
        if method is not None or self.random.random() < 0.7:
            return Request(source=str(self.random.choice(self.sources)))
        there = sorted(path for path in self.removals.written if os.path.exists(path))
        path = self.random.choice(there) if there and self.random.random() < 0.5 else self._file()
        then = self.random.choice((None, "delete", "delete", f"move:{self.removals.folder}"))
        return Request(source=path, then=then, demand=Demand(verify=self.random.choice(("auto", "auto", "auto", "digest"))))

    def _file(self) -> str:
        path = self.own / f"file-{len(self.removals.written)}"
        shutil.copyfile(self.random.choice(self.sources), path)
        self._touch(path)
        return str(path)

    def _put_again(self) -> None:
        """Somebody puts what is queued once more; often the file was written anew since."""
        queued = self.store.find(Query(open=True), limit=1000).items
        if queued:
            record = self.random.choice(queued)
            if self.random.random() < 0.7:
                self._touch(Path(record.spec.source.path))
            spec = record.spec
            self._ask(Request(source=spec.source.path, destination=spec.url, method=spec.method, patience=spec.patience, then=spec.then, demand=spec.demand))

    def _ask(self, request: Request) -> None:
        for answer in self.process.app.create([request]):
            if isinstance(answer, InvalidArgument) and request.source in self.removals.gone:
                continue
            assert isinstance(answer, Created), answer
            self.created.append(answer.id)

    def _order(self) -> None:
        if not self.created:
            return
        if self.random.random() < 0.2:
            self._regroup()
            return
        if self.random.random() < 0.25:
            self._amend()
            return
        which = Selection(all=True) if self.random.random() < 0.2 else Selection(ids=(self.random.choice(self.created),))
        with suppress(InvalidState):
            self.process.app.order(Order(verb=self.random.choice(VERBS), details={"now": self.random.random() < 0.3}), which)

    def _amend(self) -> None:
        """Another priority, another word on what it may cost, whether it runs or not."""
        details: dict[str, Json] = {"priority": self.random.choice(PRIORITIES)}
        if self.random.random() < 0.5:
            details = {"cost_policy": self.random.choice(COSTS)}
        with suppress(InvalidState):
            self.process.app.order(Order(verb="set", details=details), Selection(ids=(self.random.choice(self.created),)))

    def _regroup(self) -> None:
        """A group behaves otherwise, or one of its operations is made the current one."""
        if self.random.random() < 0.5:
            behavior = self.random.choice(("serialized", "serialized", "parallel"))
            self.process.app.order(Order(verb="group", details={"behavior": behavior}), Selection(group=self.random.choice(GROUPS)))
            return
        with suppress(InvalidState):
            self.process.app.order(Order(verb="move", details={"where": "current"}), Selection(ids=(self.random.choice(self.created),)))

    def _forget(self) -> None:
        """The server drops a half-done upload."""
        if self.server.uploads:
            id = self.random.choice(sorted(self.server.uploads))
            self.invariants.forgotten.add(id)
            del self.server.uploads[id]

    def _touch(self, path: Path) -> None:
        """Somebody writes the file anew: what was queued of it is out of date."""
        if not path.exists():
            return
        self.touched += 1
        os.utime(path, ns=(self.touched, self.touched))
        if path.parent == self.own:
            self.removals.written[str(path)] = self.touched

    def _conduct(self, more: list[object] | None = None) -> None:
        """One step of the conductor, and what it orders."""
        process = self.process
        signals, process.signals[:] = [*process.signals, *(more or [])], []
        orders = process.conductor.step(signals, self.clock.now)  # type: ignore[arg-type]
        for number, why in orders.stops:
            process.underway.interrupt(number, why)
        self.invariants.none_too_dear(orders.stops, process.name, process.conductor.gate_of)
        for ticket in orders.starts:
            orders_for_many = [Standing.from_json(note.value) for note in self.store.notes("sweep").items]
            held = [record.id for record in ticket.records if any(one.holds(record) for one in orders_for_many)]
            assert not held, f"{held} start though they were ordered to stop"
            under_way = [record.number for hand in self.hands for record in hand.ticket.records]
            self.invariants.one_of_a_group(ticket.records, under_way, beside=self.configuration.limits.high_beside)
            self.invariants.whatever_the_network(ticket.records)
            for record in ticket.records:
                process.underway.expect(record.number)
            self.hands.append(Hand(process, ticket, greenlet(partial(_worked, process))))
            self.together = max(self.together, len(ticket.records))
        process.app.sweeping.work()
        if not self.hands and not process.signals:
            process.afterwards.work()
            self.clock.now = max(self.clock.now + 1, orders.wake or self.clock.now + 1_000_000)

    def _resume(self, hand: Hand) -> None:
        """Let a worker go on until its next point, its end, or its process's.

        What a late one sends, or is told, the one at work cannot know of: it does not count as repeated, nor as confirmed.
        """
        late = self.server.seen() if hand in self.zombies else None
        try:
            hand.run.switch() if hand.run else hand.run.switch(hand.ticket)
        except Crash:
            self._drop(hand)
            if hand.process is self.process:
                self._take_over()
            return
        if late is not None:
            self.server.unsee(late)
        if hand.run.dead:
            self._drop(hand)

    def _drop(self, hand: Hand) -> None:
        (self.hands if hand in self.hands else self.zombies).remove(hand)

    # -- faults ----------------------------------------------------------------------------------------------------

    def _point(self, name: str, _operation: str) -> None:
        """A transport stands at a point: others go on first, then the fault may come."""
        if getcurrent().parent is not None:
            getcurrent().parent.switch(None)
        if not self.healed and self.random.random() < self.odds.fault:
            raise Unreachable() if name in BEFORE else Transient(f"the connection broke at {name}")

    def _dies(self, process: str) -> bool:
        if self.healed or not process.endswith(str(self.crashes)) or self.random.random() >= self.odds.crash:
            return False
        return self.crashes < 6

    def _take_over(self) -> None:
        """The process is dead, or only stopped: its workers are gone, or come back late; those that have claimed something, for who has lost the lock of
        the host's role begins nothing new."""
        while True:
            late = self.random.random() < 0.3
            if late:
                self.process.journal.dead = False
                self.zombies += [hand for hand in self.hands if self._claimed(hand)]
            self.hands = []
            self.crashes += 1
            try:
                self.process = self._boot()
                return
            except Crash:
                continue

    def _claimed(self, hand: Hand) -> bool:
        numbers = tuple(record.number for record in hand.ticket.records)
        return any(record.owner == hand.process.name for record in self.store.find(Query(numbers=numbers), limit=len(numbers)).items)

    def _boot(self) -> Process:
        name = f"process-{self.crashes}"
        left = self.process.meter.readings() if self.process and self.random.random() < 0.7 else {}  # else the machine lost its power
        process = Process(
            name, self.store, self.server, self.clock, self.random, self.configuration, self.folder, dies=lambda _when: self._dies(name), key=self.key,
            left=left, bundling=self.bundling, few=self.few,
        )  # fmt: skip
        process.groups.load()
        process.recovery.run()
        process.app.sweeping.load()
        process.signals.append(Queued())
        self.process = process
        return process

    def _heal(self) -> None:
        """No more faults: everything that can end must."""
        self.healed = True
        for zombie in list(self.zombies):
            while not zombie.run.dead:
                self._resume(zombie)
        self._safely(lambda: self._conduct([Changed(Conditions())]))
        for _ in range(5000):
            if self.hands:
                self._resume(self.hands[0])
            elif self._quiet():
                return
            else:
                self._safely(self._conduct)
        raise AssertionError("it does not come to an end")

    def _quiet(self) -> bool:
        nothing_due = self.store.wake(0) is None and not self.store.todos(2**62, limit=1)
        return nothing_due and not self.process.signals and not self.process.app.sweeping.pending


def _worked(process: Process, ticket: Ticket) -> None:
    """What a worker thread does with a ticket."""
    for outcome in process.attempts.run(ticket):
        process.signals.append(Ended(outcome))


def play(seed: int, sources: list[Path], folder: Path) -> World:
    """Play one seed; a violation names the line that repeats it."""
    world = World(seed, sources, folder)
    try:
        world.play()
    except (AssertionError, SendoffError) as violation:
        raise AssertionError(f"seed {seed}: {violation}\nrepeat it: python -m tests.simulation --first {seed} --seeds 1") from violation
    return world
