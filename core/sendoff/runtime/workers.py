"""Threads that carry bytes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue

from sendoff.runtime.ticket import Outcome, Ticket

Run = Callable[[Ticket], Iterator[Outcome]]


class Workers:
    """Runs tickets on threads that are made when they are needed; ``done`` hears of each outcome as it comes."""

    def __init__(self, run: Run, done: Callable[[Outcome], None]) -> None:
        self._run, self._done = run, done
        self._queue: SimpleQueue[Ticket | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._carried: dict[int, threading.Thread] = {}  # by the ticket's identity: who carries it
        self._busy, self._short = 0, False
        self._lock = threading.Lock()
        self._log = logging.getLogger("sendoff.workers")

    def run(self, tickets: Sequence[Ticket]) -> Sequence[Ticket]:
        """Begin these tries; gives back those for which this machine has no thread now."""
        for index, ticket in enumerate(tickets):
            if not self._has_thread():
                return tickets[index:]
            self._queue.put(ticket)
        return ()

    def give_up(self, ticket: Ticket) -> None:
        """Whoever carries it hangs: another thread takes its place, and its end is told by somebody else."""
        with self._lock:
            thread = self._carried.pop(id(ticket), None)
            if thread is not None:
                self._threads.remove(thread)
                self._busy -= 1

    def close(self, seconds: float) -> bool:
        """Let the threads end; whether all had ended in time."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(max(seconds, 0.0) / max(len(self._threads), 1) + 0.05)
        return not any(thread.is_alive() for thread in self._threads)

    def _has_thread(self) -> bool:
        """Whether a thread will take one more ticket; makes one where none is free."""
        with self._lock:
            self._busy += 1
            if self._busy <= len(self._threads):
                return True
            thread = threading.Thread(target=self._work, name=f"sendoff-worker-{len(self._threads) + 1}", daemon=True)
            try:
                thread.start()
            except (RuntimeError, MemoryError) as cause:
                self._busy -= 1
                if not self._short:
                    self._log.warning("no further thread can be started (%s); fewer uploads run at once", cause)
                self._short = True
                return False
            self._short = False
            self._threads.append(thread)
            return True

    def _work(self) -> None:
        while (ticket := self._queue.get()) is not None:
            with self._lock:
                self._carried[id(ticket)] = threading.current_thread()
            if not self._carry(ticket):
                return

    def _carry(self, ticket: Ticket) -> bool:
        """One ticket, to its last outcome; False where it was given up on meanwhile, and with it this thread."""
        left = {record.number for record in ticket.records}
        try:
            for outcome in self._run(ticket):
                left.discard(outcome.number)
                if not left and not self._leave(ticket):
                    return False
                self._done(outcome)
        except BaseException:  # noqa: BLE001 - a slot must come back whatever happened; the end is on record or recovered at the next start
            self._log.exception("the try of operation %s ended unexpectedly", ticket.record.number)
        if not left:
            return True
        if not self._leave(ticket):
            return False
        for number in left:
            self._done(Outcome(number))
        return True

    def _leave(self, ticket: Ticket) -> bool:
        """It is over, before the last outcome is told, or the next ticket would find one thread too few; False where it was given up on."""
        with self._lock:
            if self._carried.pop(id(ticket), None) is None:
                return False
            self._busy -= 1
            return True
