"""What is watched where no terminal is: a line a minute for people, an object a second for programs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sendoff.cli.output import Output
from sendoff.cli.waiting import ending
from sendoff.cli.watch.glance import Glance, as_object, in_a_line
from sendoff.model.event import Event
from sendoff.model.moment import moment_text
from sendoff.model.query import View

if TYPE_CHECKING:
    from sendoff.cli.watch.watching import Watching

MINUTE = 60.0
SECOND = 1.0


class Printed:
    """What is printed and never drawn over: each upload is told of once, when it has ended."""

    stays = False

    def carried(self, watching: Watching) -> int:
        """Watches to the end."""
        return watching.until_ended()

    def happened(self, event: Event) -> None:
        """Its end is told, not its way."""

    def lost(self) -> None:
        """The next host goes on where this one was."""


class Lines(Printed):
    """A line at the beginning, one a minute, one at the end, and one about each upload that has ended. clock: seconds."""

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._output, self._clock = output, clock
        self._due = clock()

    def ended(self, views: Sequence[View]) -> None:
        """A line or two about each."""
        for view in views:
            for line in ending(view):
                self._output.line(line)

    def show(self, glance: Glance) -> None:
        """A line, if a minute has passed."""
        if self._clock() >= self._due:
            self._due = self._clock() + MINUTE
            self.close(glance)

    def close(self, glance: Glance) -> None:
        """The last line."""
        if not self._output.quiet:
            self._output.line(f"{time.strftime('%H:%M:%S')} {in_a_line(glance)}")


class Objects(Printed):
    """An object whenever something has moved, at most one a second and at least one a minute; each upload that has ended, whole."""

    def __init__(self, output: Output, clock: Callable[[], float] = time.monotonic) -> None:
        self._output, self._clock = output, clock
        self._last: tuple[float, object] | None = None

    def ended(self, views: Sequence[View]) -> None:
        """Each as ``show`` prints it."""
        for view in views:
            self._output.item(view)

    def show(self, glance: Glance) -> None:
        """The totals, if they have changed."""
        now, (since, before) = self._clock(), self._last or (-MINUTE, None)
        if now >= since + MINUTE or (now >= since + SECOND and glance.tally != before):
            self.close(glance)

    def close(self, glance: Glance) -> None:
        """The last totals."""
        self._last = self._clock(), glance.tally
        self._output.item(as_object(glance, moment_text(time.time_ns() // 1000)))
