"""The thread that sees who hangs: a transport that gives no sign of life, or does not stop when it is told to, loses its slot."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace

from sendoff.errors import Interrupted, SendoffError, Transient
from sendoff.model.limits import RetryRules
from sendoff.ports.clock import Clock
from sendoff.runtime.attempts import Attempts
from sendoff.runtime.errand import Errand, waits_of
from sendoff.runtime.ticket import Outcome
from sendoff.runtime.workers import Workers

_SHORTEST, _LONGEST = 0.05, 5.0  # seconds between two looks


class Vigil:
    """Looks at the tries that are under way. done: told of each whose end was told here, as of any other.

    Nobody can end a thread: it is left behind with what it holds, and whatever it brings back is void.
    """

    def __init__(self, attempts: Attempts, workers: Workers, done: Callable[[Outcome], None], clock: Clock, rules: Callable[[], RetryRules]) -> None:
        self._attempts, self._workers, self._done, self._clock, self._rules = attempts, workers, done, clock, rules
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sendoff-vigil", daemon=True)
        self._log = logging.getLogger("sendoff.attempts")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()
        if self._thread.ident is not None:
            self._thread.join(1.0)

    def look(self, longest: float = float("inf")) -> None:
        """At each try, once. longest: seconds after which the rest is left to the next look."""
        began = self._clock.monotonic()
        for errand in self._attempts.errands():
            self._look_at(errand)
            if self._clock.monotonic() - began > longest:
                return

    def stood_still(self, seconds: float) -> None:
        """The whole process did, stopped or frozen by somebody: nobody could give a sign of life meanwhile."""
        for errand in self._attempts.errands():
            errand.stood_still(seconds)

    def _run(self) -> None:
        last = self._clock.monotonic()
        while not self._closed.wait(pause := min(max(waits_of(None, self._rules()) / 4, _SHORTEST), _LONGEST)):
            now = self._clock.monotonic()
            late, last = now - last - pause, now
            try:
                self.stood_still(late) if late > pause else self.look(pause)
            except Exception:  # noqa: BLE001 - a mistake of ours: the next look tries again
                self._log.exception("the tries under way could not be looked at")

    def _look_at(self, errand: Errand) -> None:
        now, rules = self._clock.monotonic(), self._rules()
        heard, why = errand.heard(), errand.stopping()
        if errand.told is None and why is not None:
            errand.told = now
        elif errand.told is None and heard is not None and now - heard > errand.patience(rules):
            errand.late, errand.told = f"the transport {errand.transport} hangs: it has given no sign of life for {now - heard:.0f} seconds", now
            self._log.error("operation %s: %s; it is told to stop", errand.ticket.record.number, errand.late)
            errand.interrupt(errand.late)
        elif errand.late and heard is None:
            errand.told = now  # it has come, if late, and what it waits for is ours
        elif errand.told is not None and now - errand.told > rules.response_timeout:
            self._give_up(errand, Transient(errand.late) if errand.late else Interrupted(why or ""))

    def _give_up(self, errand: Errand, error: SendoffError) -> None:
        numbers = errand.give_up()
        if not numbers:
            return
        self._log.error(
            "the transport %s did not stop within %g seconds when it was told to (%s); its thread is left behind, and operation %s goes on without it",
            errand.transport, self._rules().response_timeout, error.message, ", ".join(map(str, numbers)),
        )  # fmt: skip
        self._workers.give_up(errand.ticket)
        self._tell(self._attempts.given_up(errand, numbers, error))

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            self._done(replace(outcome, unreachable=False))
