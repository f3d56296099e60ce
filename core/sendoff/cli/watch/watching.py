"""Watching uploads until they have ended, through the death and return of the host."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from sendoff.cli import exits
from sendoff.cli.waiting import AT_ONCE, TERMINAL, TURNS, acknowledge
from sendoff.cli.watch.glance import Glance
from sendoff.cli.watch.motion import Motion
from sendoff.cli.watch.tally import Tally
from sendoff.cli.watch.watched import Everything, Named
from sendoff.model.event import ENDS, Event
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.desk.client import DeskClient

TURN = 0.2  # seconds between two looks
COUNT = 1.0  # seconds between two counts, at least
SPARED = 20  # and so many times as long as the last one took: to be watched must cost the host nothing that one notices


class Display(Protocol):
    """Where what is seen is shown. stays: somebody is at it who may help what only a person can help, so it does not end for that."""

    @property
    def stays(self) -> bool: ...

    def carried(self, watching: Watching) -> int:
        """Watches and shows it, to the end; the exit code says how."""
        ...

    def happened(self, event: Event) -> None:
        """This was told of an upload."""
        ...

    def lost(self) -> None:
        """The host is gone; the next one is being started."""
        ...

    def ended(self, views: Sequence[View]) -> None:
        """These have ended."""
        ...

    def show(self, glance: Glance) -> None:
        """This is how it stands; comes several times a second."""
        ...

    def close(self, glance: Glance) -> None:
        """This is how it stood at the end."""
        ...


class Watching:
    """Follows what is watched, and shows it."""

    def __init__(self, desk: DeskClient, what: Everything | Named, display: Display) -> None:
        self._desk, self._what, self._display = desk, what, display
        self._began = time.monotonic()
        self._motion = Motion(self._began)
        self._tally, self._moved_before = Tally(), 0
        self.left: Sequence[View] = ()  # at the end: some of those that only a person can help
        self._stopped = False
        self._ends: list[str] = []  # not yet shown
        self._told: dict[str, bool] = {}  # shown as ended: whether it may leave the list
        self._changed, self._gone, self._gone_badly = True, 0, 0  # since the last count: whether anything happened, how many were shown as ended
        self._count_due = self._turn_due = self._took = 0.0

    def until_ended(self) -> int:
        """Watches; the exit code says how everything ended."""
        query = replace(self._what.followed, types=tuple(sorted(TURNS | {"created"})))
        for news in self._desk.follow_always(query, after=None, progress=True, lost=self._display.lost):
            now = time.monotonic()
            if self._stopped:
                return exits.GOES_ON
            if isinstance(news, UploadProgress):
                self._motion.heard(news, now)
            elif isinstance(news, Event):
                self._happened(news)
            elif self._over():  # at the last count already, and everything since was told: nothing
                break
            elif self._ends or now >= self._turn_due:
                self._turn(now)
        acknowledge(self._desk, [id for id, leaves in self._told.items() if leaves])
        return self._code()

    def stop(self) -> None:
        """Ends the watching with the next word of the host; for another thread to call."""
        self._stopped = True

    def over(self) -> int | None:
        """The exit code when nothing is left that goes on by itself; for after the watching."""
        self._count()
        return self._code() if self._tally.open <= self._tally.person else None

    def glance(self) -> Glance:
        """How it stands now."""
        now = time.monotonic()
        tally = self._tally.moved_on(self._gone, self._gone_badly, self._motion.moved - self._moved_before)
        live, rate = self._motion.live(now), self._motion.rate(now)
        return Glance(
            tally=tally,
            rate=rate if tally.running or live else None,  # what moved a moment ago is no rate of what waits
            live=live,
        )

    # -- what is told ----------------------------------------------------------------------------------------------

    def _happened(self, event: Event) -> None:
        self._changed = True
        id = event.operation
        self._display.happened(event)
        if event.type in ENDS:
            self._ends.append(id)
            self._motion.ended(id, int(event.data.get("size", 0)))
        elif event.type in ("paused", "waiting"):
            self._motion.rested(id)
        elif event.type == "retried":
            self._told.pop(id, None)
            self._what.goes_on(id)

    def _turn(self, now: float) -> None:
        self._turn_due = now + TURN
        self._look_up_ends()
        if now >= self._count_due or self._gone >= self._tally.open:
            self._count()
        self._display.show(self.glance())

    def _look_up_ends(self) -> None:
        ids, self._ends = [id for id in dict.fromkeys(self._ends) if id not in self._told], []
        for start in range(0, len(ids), AT_ONCE):
            found = self._desk.page(Query(ids=tuple(ids[start : start + AT_ONCE])), limit=AT_ONCE).items
            self._tell([view for view in found if view["status"] in TERMINAL])

    def _tell(self, views: Sequence[View]) -> None:
        fresh = [view for view in views if view["id"] not in self._told]
        for view in fresh:
            well = view["status"] == "completed"
            self._told[view["id"]] = view["status"] != "error" and not view.get("acknowledged_at")
            self._what.has_ended(view["id"], not well, view["progress"]["total_bytes"] if well else 0)
        self._gone += len(fresh)
        self._gone_badly += sum(view["status"] != "completed" for view in fresh)
        if fresh:
            self._display.ended(fresh)

    # -- what is asked ---------------------------------------------------------------------------------------------

    def _count(self) -> None:
        began, self._changed, self._moved_before = time.monotonic(), False, self._motion.moved
        self._tally, ended = self._what.count()
        self._tell(ended)
        self._gone = self._gone_badly = 0
        now = time.monotonic()
        self._took, before = now - began, self._took  # the first count of many takes long, those after it do not
        self._count_due = now + max(COUNT, SPARED * min(self._took, before))

    def _over(self) -> bool:
        return not self._changed and not self._ends and self._tally.open <= (0 if self._display.stays else self._tally.person)

    def _code(self) -> int:
        if self._tally.open:
            self.left = self._desk.page(self._what.query, limit=AT_ONCE).items
            return exits.PERSON
        return exits.FAILED if self._tally.failed else exits.DONE
