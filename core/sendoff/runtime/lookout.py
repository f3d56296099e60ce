"""The thread that looks at the network, and at whether the machine has slept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from sendoff.deadline import Deadlines, Overdue, attempted
from sendoff.model.conditions import Conditions
from sendoff.model.moment import moment
from sendoff.policy.cost import described, is_cut_off
from sendoff.policy.debounce import Debounce
from sendoff.ports.clock import Clock
from sendoff.ports.network import Network, Watching
from sendoff.runtime.best_network import TOGETHER, BestNetwork
from sendoff.runtime.closing import Closing
from sendoff.runtime.glimpse import WITHIN, Glimpse

LEAST_SLEEP = 1.0  # seconds; the clocks of a machine that is awake drift apart by less
_LOOK_EVERY = 30.0
_TURN_EVERY = 5.0  # seconds after which a sleep is noticed of which nobody tells
_BEGUN_WITHIN = 10.0  # seconds for a network to begin to tell of changes
_FRESH = 0.2  # seconds for which a look is good enough for all whose tries broke together


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told. changed: of what was seen and ``since`` when, and whether that is sure although it is new. slept: that the machine has."""

    changed: Callable[[Conditions, bool], None]
    slept: Callable[[], None]


class Lookout:
    """Looks at the network: at once, when it tells of a change, when a try has broken, and every 30 s. settle: seconds that news must last."""

    def __init__(self, network: Network, clock: Clock, told: Told, *, settle: Callable[[], float]) -> None:
        self._network, self._clock, self._told, self._settle = network, clock, told, settle
        self._look_now, self._closed = threading.Event(), False
        self._debounce, self._lock = Debounce(), threading.Lock()
        self._last, self._looked = Conditions(), float("-inf")
        self._slept = clock.slept()
        self._glimpse, self._closing = Glimpse(TOGETHER if isinstance(network, BestNetwork) else WITHIN), Closing()
        self._thread = threading.Thread(target=self._run, name="sendoff-lookout", daemon=True)
        self._log = logging.getLogger("sendoff.network")

    def start(self) -> None:
        """Look once, then keep looking."""
        self._turn()
        self._thread.start()

    def look_soon(self) -> None:
        """Something may be otherwise."""
        self._look_now.set()

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        self._look_now.set()
        self._thread.join(3.0)
        self._closing.close(type(self._network).__name__, self._network.close)

    def fresh(self) -> Conditions:
        """As it is at this moment, for one whose try has broken: where that and the look agree that there is no network, nobody waits until it settles."""
        with self._lock:
            conditions = self._last if time.monotonic() - self._looked < _FRESH else self._look()
            if is_cut_off(conditions):
                self._tell(conditions, self._debounce.told, sure=True)
        return conditions

    def _run(self) -> None:
        with self._watching():
            while not self._closed:
                asked = self._look_now.wait(self._pause())
                self._look_now.clear()
                if not self._closed and (asked or self._pause() == 0 or self._has_slept()):
                    self._turn()

    def _pause(self) -> float:
        """Seconds until the next look, or the next turn of the thread."""
        now = time.monotonic()
        left = self._debounce.left(now, self._settle())
        return min(_TURN_EVERY, max(self._looked + _LOOK_EVERY - now, 0.0), *(() if left is None else (left,)))

    def _turn(self) -> None:
        if self._has_slept():
            self._slept = self._clock.slept()
            self._log.info("the machine has slept: what was under way is begun anew, and the servers are asked how far it came")
            self._told.slept()
        with self._lock:
            conditions = self._look()
            before = self._debounce.told
            if self._debounce.seen(conditions, self._looked, self._settle()):
                self._tell(conditions, before)

    def _tell(self, conditions: Conditions, before: Conditions | None, *, sure: bool = False) -> None:
        self._debounce.tell(conditions, self._looked)
        ago = moment(time.monotonic() - self._debounce.since)
        self._told.changed(replace(conditions, since=self._clock.steady() - ago), sure)
        if before is not None and conditions != before:
            self._log.info("the network is another: %s", described(conditions))

    def _has_slept(self) -> bool:
        return self._clock.slept() - self._slept > LEAST_SLEEP

    @contextmanager
    def _watching(self) -> Iterator[None]:
        with ExitStack() as stack:
            if isinstance(self._network, Watching):
                self._watch(self._network, stack)
            yield

    def _watch(self, network: Watching, stack: ExitStack) -> None:
        """Begin to be told; where that hangs or fails, it is looked at now and then."""
        begun = lambda: attempted(lambda: stack.enter_context(network.watch(self.look_soon)))  # noqa: E731
        try:
            _, error = Deadlines(lambda: _BEGUN_WITHIN).call("watch", begun)
        except Overdue as cause:
            error = cause
        if error is not None:
            self._log.error("the network %s does not tell of changes", type(network).__name__, exc_info=error)

    def _look(self) -> Conditions:
        self._last = self._glimpse.at(type(self._network).__name__, self._network)
        self._looked = time.monotonic()
        return self._last
