"""What the screen shows, as the thread that watches has found it out; and what the screen asks for, on its way to that thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from sendoff.cli.text import name_of
from sendoff.cli.watch.errand import Answer, Errand, carried_out
from sendoff.cli.watch.glance import Glance
from sendoff.cli.watch.kind import SHOWINGS, Showing
from sendoff.cli.watch.roll import Gaze, Roll
from sendoff.cli.watch.tally import Tally
from sendoff.model.event import Event
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk

KEPT = 1000  # of those that have ended, to be told of when the screen goes
BACK = Answer("the host was gone; the next one carries on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One moment. rows: those of this kind that are known; more: there may be others. into: the one that is looked into, as it stands.

    told: when, in seconds of the monotonic clock; None = nothing was told yet. gone: the host is, and the next one is being started.
    """

    glance: Glance
    rows: Sequence[View] = ()
    more: bool = False
    showing: Showing = SHOWINGS[0]
    into: View | None = None
    told: float | None = None
    gone: bool = False


class Board:
    """Where the two threads meet: each value on it is replaced, never changed.

    changed: called whenever there is something new to draw. gaze: where the screen looks. stays: somebody is at the keys.
    """

    def __init__(self, desk: Desk, query: Query) -> None:
        self._desk, self._roll = desk, Roll(desk, query)
        self._errands: SimpleQueue[Errand] = SimpleQueue()
        self.changed: Callable[[], None] = lambda: None
        self.gaze, self.stays = Gaze(), False
        self.scene = Scene(glance=Glance(tally=Tally(), live={}))
        self.answers: deque[Answer] = deque()  # that the screen has not read yet
        self.gone: deque[View] = deque(maxlen=KEPT)
        self.gone_before = 0  # those of which nothing is kept

    def ask(self, errand: Errand) -> None:
        """Have it carried out; ``answers`` says what became of it."""
        self._errands.put(errand)

    # -- what the watching tells -------------------------------------------------------------------------------------

    def happened(self, event: Event) -> None:
        """This was told of an upload."""
        self._roll.happened(event)

    def lost(self) -> None:
        """The host is gone."""
        self.scene = replace(self.scene, gone=True)
        self.changed()

    def ended(self, views: Sequence[View]) -> None:
        """These have ended."""
        self._roll.met(views)
        self.gone_before += max(len(self.gone) + len(views) - KEPT, 0)
        self.gone.extend(views)

    def show(self, glance: Glance) -> None:
        """The next scene."""
        self._run_errands()
        gaze = self.gaze
        self._roll.look(gaze, glance.live)
        if self.scene.gone:
            self.answers.append(BACK)
        self.scene = Scene(
            glance=glance, rows=self._roll.rows(gaze.showing, glance.live), more=self._roll.more(gaze.showing), showing=gaze.showing,
            into=self._roll.view(gaze.into) if gaze.into else None, told=time.monotonic(),
        )  # fmt: skip
        self.changed()

    def _run_errands(self) -> None:
        while True:
            try:
                errand = self._errands.get_nowait()
            except Empty:
                return
            self.answers.append(carried_out(self._desk, errand, self._called))
            self._roll.stale(errand.ids)

    def _called(self, id: str) -> str:
        view = self._roll.view(id)
        return f"{view['number']} {name_of(view)}" if view else id
