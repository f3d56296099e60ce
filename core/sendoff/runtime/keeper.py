"""The thread that keeps house: orders left half written, to-dos, forgetting; the sinks have threads of their own beside it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

from sendoff.errors import SendoffError
from sendoff.model.configuration import Configuration
from sendoff.model.query import Query
from sendoff.ports.clock import Clock
from sendoff.runtime.afterwards import Afterwards
from sendoff.runtime.clearing import Clearing
from sendoff.runtime.clients import Clients
from sendoff.runtime.following import Bell
from sendoff.runtime.forgetting import Forgetting
from sendoff.runtime.journal import Journal
from sendoff.runtime.open_batches import OpenBatches
from sendoff.runtime.outbox import Outbox
from sendoff.runtime.sweep import Sweep
from sendoff.runtime.sweeping import Sweeping
from sendoff.runtime.waking import Waking

_LOOK_EVERY = 2.0
_LOOK_AT_PROGRAMS_EVERY = 1.0  # seconds; each look asks for the lock of every program and every batch that is open
_TRIM_EVERY, _TRIM_FIRST = 3600.0, 60.0  # seconds; a host that soon leaves when idle must come to it, too
_FAR = 2**62
_KEEPS_ALIVE = ("running", "paused_costed_network", "paused_no_network", "paused_recoverable", "paused_system_policy")


class Keeper:
    """Works whenever an event was written, and every two seconds while something is due."""

    def __init__(
        self, journal: Journal, afterwards: Afterwards, outbox: Outbox, sweep: Sweep, sweeping: Sweeping, waking: Waking, clearing: Clearing, bell: Bell, *,
        open_batches: OpenBatches, clients: Clients, configuration: Callable[[], Configuration], clock: Clock,
    ) -> None:  # fmt: skip
        self._journal, self._afterwards, self._outbox, self._sweep, self._bell = journal, afterwards, outbox, sweep, bell
        self._sweeping, self._waking, self._clearing, self._open_batches, self._clock = sweeping, waking, clearing, open_batches, clock
        self._clients = clients
        self._forgetting = Forgetting(journal, clock, lambda: configuration().retention)
        self._closed = threading.Event()
        self._rest, self._rested = threading.Condition(), -1
        self._trimmed = clock.monotonic() - _TRIM_EVERY + _TRIM_FIRST
        self._looked = -_LOOK_AT_PROGRAMS_EVERY
        self._thread = threading.Thread(target=self._run, name="sendoff-keeper", daemon=True)
        self._log = logging.getLogger("sendoff.keeper")

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._outbox.start()

    def close(self, seconds: float = 5.0) -> None:
        """End after the present round; a sink that takes longer is left behind."""
        end = time.monotonic() + seconds
        self._closed.set()
        self._outbox.close(seconds)
        self._bell.ring()
        self._thread.join(max(end - time.monotonic(), 0.1))

    def caught_up(self, seconds: float) -> bool:
        """Wait until every event so far was told to the sinks, and what is due was tried; whether that came true in time."""
        told, end = self._bell.rings, time.monotonic() + seconds
        with self._rest:
            rested = self._rest.wait_for(lambda: self._rested >= told, seconds)
        return rested and self._outbox.caught_up(end - time.monotonic())

    def reconfigured(self) -> None:
        """The configuration is another: new sinks start at now, and those whose section changed are made anew."""
        self._outbox.reconfigured()

    def round(self) -> int:
        """One round; how much was done. A job that fails keeps no other from its turn."""
        return sum(self._done(job) or 0 for job in self._jobs())

    def _jobs(self) -> Iterator[Callable[[], int | None]]:
        if time.monotonic() - self._looked >= _LOOK_AT_PROGRAMS_EVERY:
            self._looked = time.monotonic()
            yield from (self._open_batches.look, self._clients.look)
        yield from (self._sweeping.work, self._waking.work, self._afterwards.work, self._sweep.work, self._forgetting.work)
        if self._clock.monotonic() - self._trimmed >= _TRIM_EVERY:
            self._trimmed = self._clock.monotonic()
            yield from (self._clearing.trim, self._clearing.drop_answers, self._clearing.tidy)

    def _done(self, job: Callable[[], int | None]) -> int | None:
        try:
            return job()
        except SendoffError as error:
            self._log.warning("keeping house was put off: %s", error)
        except Exception:  # noqa: BLE001 - a shortage, a driver's or our own mistake: the next round tries again
            self._log.exception("a job of keeping house failed")
        return 0

    def nothing_left(self) -> bool:
        """No operation waits for anything but an order, and nothing must still happen."""
        store = self._journal.store
        if self._sweeping.pending or not self._outbox.nothing_left() or store.todos(_FAR, limit=1) or store.wake(0) is not None:
            return False
        return not store.find(Query(open=True, statuses=_KEEPS_ALIVE), limit=1).items

    def _run(self) -> None:
        while not self._closed.is_set():
            rings = self._bell.rings
            if not self.round():
                self._rests(rings)
                self._bell.wait(rings, _LOOK_EVERY)

    def _rests(self, rings: int) -> None:
        with self._rest:
            self._rested = rings
            self._rest.notify_all()
