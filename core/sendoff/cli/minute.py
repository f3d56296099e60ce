"""A line a minute about uploads that somebody waits for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from sendoff.cli.watch.glance import Glance, in_a_line
from sendoff.cli.watch.tally import ENDED, Tally, tally_of
from sendoff.model.pace import Pace
from sendoff.model.query import View

MINUTE = 60.0


class Minute:
    """Says how far they are. say: prints a line. look: those that have not ended, as they stand now. clock: seconds."""

    def __init__(self, say: Callable[[str], None], look: Callable[[], Iterable[View]], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._look, self._clock = say, look, clock
        self._due = clock() + MINUTE
        self._pace = Pace(window=MINUTE)
        self._ended = Tally()

    def ended(self, view: View) -> None:
        """One of them has."""
        self._ended += tally_of([view])

    def beat(self) -> None:
        """Comes about once a second; says something if a minute has passed."""
        now = self._clock()
        if now < self._due:
            return
        self._due = now + MINUTE
        tally = tally_of(view for view in self._look() if view["status"] not in ENDED) + self._ended
        self._say(f"{time.strftime('%H:%M:%S')} {in_a_line(Glance(tally=tally, rate=self._pace.rate(now, tally.sent), live={}))}")
