"""The threads around the conductor: what happens is queued, stepped over, and carried out."""

from __future__ import annotations

import logging
import threading
from collections.abc import Set
from queue import Empty, SimpleQueue

from sendoff.errors import SendoffError
from sendoff.ports.clock import Clock
from sendoff.runtime.conductor import Conductor
from sendoff.runtime.signals import Leave, Orders, Signal, Stop
from sendoff.runtime.underway import Underway
from sendoff.runtime.workers import Workers

_LONGEST_SLEEP = 30.0
_NO_THREAD_PAUSE = 1.0
_FOR_ANSWERS = 0.75  # of the time to stop in; then what still waits for one is broken off, too


class Engine:
    """Runs a conductor: one thread decides, the workers act."""

    def __init__(self, conductor: Conductor, workers: Workers, underway: Underway, clock: Clock) -> None:
        self._conductor, self._workers, self._underway, self._clock = conductor, workers, underway, clock
        self._signals: SimpleQueue[Signal] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sendoff-conductor", daemon=True)
        self._left = threading.Event()
        self._log = logging.getLogger("sendoff.conductor")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, signal: Signal) -> None:
        """Something happened."""
        self._signals.put(signal)

    def close(self, seconds: float) -> bool:
        """Stop what runs at a safe point; whether all had stopped in time."""
        deadline = self._clock.monotonic() + seconds
        self._signals.put(Leave())
        self._thread.join(seconds * _FOR_ANSWERS)
        for number in self._underway.all():
            self._underway.interrupt(number, "the host leaves")
        self._thread.join(max(deadline - self._clock.monotonic(), 0.0))
        return self._workers.close(deadline - self._clock.monotonic())

    def _run(self) -> None:
        sleep = 0.0
        while True:
            signals = self._happened(sleep)
            orders = self._conductor.step(signals, self._clock.steady())
            if orders.trouble is not None:
                stranger = None if isinstance(orders.trouble, SendoffError) else orders.trouble
                self._log.error("the journal did not answer: %s", orders.trouble, exc_info=stranger)
            sleep = self._carry_out(orders, {signal.number for signal in signals if isinstance(signal, Stop)})
            if self._left.is_set() and self._conductor.running == 0:
                return

    def _happened(self, sleep: float) -> list[Signal]:
        """Waits for the first signal, or for the moment to step again; takes what has come by then."""
        signals: list[Signal] = []
        try:
            signals.append(self._signals.get(timeout=max(sleep, 0.0)))
            while True:
                signals.append(self._signals.get_nowait())
        except Empty:
            pass
        if any(isinstance(signal, Leave) for signal in signals):
            self._left.set()
        return signals

    def _carry_out(self, orders: Orders, ordered: Set[int]) -> float:
        """Seconds until the next step. ordered: whom somebody wants stopped; for any other reason nobody loses the answer to what cannot be repeated."""
        for number, why in orders.stops:
            self._underway.interrupt(number, why, spare=number not in ordered)
        for record in (record for ticket in orders.starts for record in ticket.records):
            self._underway.expect(record.number)
        refused = self._workers.run(orders.starts)
        for ticket in refused:
            for record in ticket.records:
                self._underway.leave(record.number)
            self._conductor.not_started(ticket)
        if refused:
            return _NO_THREAD_PAUSE
        if orders.wake is None:
            return _LONGEST_SLEEP
        return min(max((orders.wake - self._clock.steady()) / 1e6, 0.0), _LONGEST_SLEEP)
