"""Reading the history as it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from sendoff.model.event import Event
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query
from sendoff.runtime.journal import Journal
from sendoff.runtime.selection import Selecting
from sendoff.runtime.underway import Underway

_SLICE = 500
_HEARTBEAT = 1.0
_PROGRESS_EVERY = 0.1


class Bell:
    """Rings whenever an event was written."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
        """Wake whoever waits."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()

    @property
    def rings(self) -> int:
        """How often it rang."""
        return self._rings

    def wait(self, seen: int, seconds: float) -> int:
        """Until it has rung more than ``seen`` times, or the time is over; how often it rang."""
        with self._condition:
            self._condition.wait_for(lambda: self._rings > seen, seconds)
            return self._rings


class Following:
    """Events from a position on, then live; progress is memory and pushed beside them."""

    def __init__(self, journal: Journal, bell: Bell, underway: Underway) -> None:
        self._journal, self._bell, self._underway = journal, bell, underway

    def follow(self, query: Query, *, after: int | None, progress: bool) -> Iterator[Event | UploadProgress | None]:
        """As ``Desk.follow``; never ends by itself. None comes whenever everything so far was told, then each second."""
        query = Selecting(self._journal.store).understood(query)
        position = self._journal.position() if after is None else after
        of, pause = (*query.ids, *([query.batch] if query.batch else [])), _PROGRESS_EVERY if progress else _HEARTBEAT
        quiet_until, caught_up = 0.0, False
        while True:
            rings, newest = self._bell.rings, self._journal.position()
            events = self._journal.store.events(position, _SLICE, query=query)
            if events:
                position, caught_up = events[-1].seq, False
                yield from events
                continue
            position = max(position, newest)  # what does not match is not looked at again
            now = time.monotonic()
            if caught_up and now < quiet_until:  # what rang was of others
                self._bell.wait(rings, quiet_until - now)
                continue
            caught_up, quiet_until = True, now + pause
            if progress:
                yield from self._underway.all(of).values()
            yield None
