"""What the keys do, and what the screen looks like then; it knows of no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from sendoff.cli.text import count, name_of
from sendoff.cli.watch import sheet
from sendoff.cli.watch.board import Board, Scene
from sendoff.cli.watch.errand import Answer, Errand
from sendoff.cli.watch.kind import SHOWINGS
from sendoff.cli.watch.line import Line
from sendoff.cli.watch.pointer import Pointer
from sendoff.cli.watch.roll import Gaze
from sendoff.cli.watch.sheet import Size
from sendoff.model.query import View

ALL = 10**9  # rows
SAID = 8.0  # seconds that an answer stays
EVERYTHING, NEEDS = SHOWINGS[:2]
HELP = "help"


class Console:
    """One person at one screen. Each action is a method that a key names; what an order is for is what was drawn last."""

    def __init__(self, board: Board, clock: Callable[[], float] = time.monotonic) -> None:
        self._board, self._clock = board, clock
        self._pointer, self._showing = Pointer(), EVERYTHING
        self._rows: Sequence[View] = ()  # as they were drawn last
        self._size = Size(80, 24)
        self._open: str | None = None  # HELP, or the id of the upload that is looked into
        self._top = 0  # of the page that is read
        self._asked: Errand | None = None
        self._answer: tuple[float, Answer] | None = None

    @property
    def at_list(self) -> bool:
        """Whether no page is open and nothing is asked."""
        return self._open is None and self._asked is None

    def press(self, action: str) -> None:
        """A key; where something was asked, every key but yes means no."""
        self._board.stays = True
        self._answer = None
        asked, self._asked = self._asked, None
        if asked is None:
            getattr(self, action)()
        elif action == "yes":
            self._board.ask(asked)

    def lines(self, size: Size) -> list[Line]:
        """The screen, now."""
        self._size, scene = size, self._scene()
        self._hear()
        self._pointer, self._rows = self._pointer.settled(scene.rows, size.body), scene.rows
        self._board.gaze = self._gaze(scene)
        if self._open is not None:
            return sheet.page(self._title(scene), self._text(scene), self._top, size)
        return sheet.listed(scene, self._pointer, size, self._said(), self._clock())

    # -- moving ------------------------------------------------------------------------------------------------------

    def up(self) -> None:
        """One row."""
        self._move(-1)

    def down(self) -> None:
        """One row."""
        self._move(1)

    def page_up(self) -> None:
        """One screen."""
        self._move(-max(self._size.body - 1, 1))

    def page_down(self) -> None:
        """One screen."""
        self._move(max(self._size.body - 1, 1))

    def first(self) -> None:
        """The first row."""
        self._move(-ALL)

    def last(self) -> None:
        """The last row, of all that there are."""
        if self._open is None:
            self._pointer = self._pointer.at_end(self._rows)
        else:
            self._move(ALL)

    def mark(self) -> None:
        """Marks the selected one, or takes the mark away."""
        self._pointer = self._pointer.turned(self._rows)

    def unmark(self) -> None:
        """Marks none."""
        self._pointer = replace(self._pointer, marked=())

    # -- looking -----------------------------------------------------------------------------------------------------

    def help(self) -> None:
        """What each key does."""
        self._open, self._top = (None if self._open == HELP else HELP), 0

    def details(self) -> None:
        """Everything about the selected one; from there, back."""
        self._open, self._top = (self._rows[self._pointer.at]["id"] if self._open is None and self._rows else None), 0

    def back(self) -> None:
        """To the list; from the list, to everything and to no marks."""
        if self._open is None:
            self._look_at(0)
            self.unmark()
        self._open = None

    def needs(self) -> None:
        """Only what needs somebody, or everything again."""
        self._look_at(0 if self._showing is NEEDS else 1)

    def next_kind(self) -> None:
        """The next kind of them."""
        self._look_at((SHOWINGS.index(self._showing) + 1) % len(SHOWINGS))

    # -- orders ------------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop sending."""
        self._order("pause")

    def resume(self) -> None:
        """Let it go on."""
        self._order("resume")

    def resume_now(self) -> None:
        """Let it go on whatever network, power or back-off say."""
        self._order("resume", now=True)

    def retry(self) -> None:
        """Begin a new round."""
        self._order("retry")

    def cancel(self) -> None:
        """Asks whether to give it up."""
        self._asked = self._errand("cancel")
        if self._asked is not None:
            self._answer = self._clock() + ALL, Answer(f"cancel {self._asked.called} for good? y: yes, any other key: no", bad=True)

    def yes(self) -> None:
        """Nothing was asked."""

    def other(self) -> None:
        """A key that does nothing."""

    # -- within ------------------------------------------------------------------------------------------------------

    def _order(self, verb: str, *, now: bool = False) -> None:
        errand = self._errand(verb, now=now)
        if errand is not None:
            self._board.ask(errand)
            self.unmark()

    def _errand(self, verb: str, *, now: bool = False) -> Errand | None:
        ids = (self._open,) if self._open not in (None, HELP) else self._pointer.meant(self._rows)
        if not ids:
            return None
        view = next((one for one in self._rows if one["id"] == ids[0]), None)
        called = count(len(ids), "upload") if len(ids) > 1 or view is None else f"{view['number']} {name_of(view)}"
        return Errand(verb=verb, ids=tuple(id for id in ids if id), called=called, now=now)

    def _move(self, by: int) -> None:
        if self._open is None:
            self._pointer = self._pointer.moved(self._rows, by)
        else:
            self._top = max(min(self._top + by, len(self._text(self._board.scene)) - self._size.lines + 2), 0)

    def _look_at(self, place: int) -> None:
        if SHOWINGS[place] is not self._showing:
            self._showing, self._pointer = SHOWINGS[place], Pointer(marked=self._pointer.marked)
            self._rows = ()  # until they are drawn nobody can mean one of them

    def _scene(self) -> Scene:
        """What was found out last; of another kind than is wanted now no row is shown."""
        scene = self._board.scene
        return scene if scene.showing is self._showing else replace(scene, rows=(), more=True, showing=self._showing)

    def _gaze(self, scene: Scene) -> Gaze:
        top, body = self._pointer.top, self._size.body
        ids = tuple(view["id"] for view in scene.rows[top : top + body])
        upto = ALL if self._pointer.last else top + 2 * body
        return Gaze(showing=self._showing, upto=upto, ids=ids, into=None if self._open == HELP else self._open)

    def _hear(self) -> None:
        """The host's answers, the last one for a while; what was asked here comes first."""
        while self._board.answers and self._asked is None:
            self._answer = self._clock() + SAID, self._board.answers.popleft()

    def _said(self) -> Answer | None:
        return self._answer[1] if self._answer and self._clock() < self._answer[0] else None

    def _title(self, scene: Scene) -> str:
        said = self._said()
        return said.text if said else "keys" if self._open == HELP else name_of(scene.into) if scene.into else ""

    def _text(self, scene: Scene) -> Sequence[str]:
        if self._open == HELP:
            return sheet.help(self._size.columns)
        return sheet.details(scene.into, self._size.columns) if scene.into else ["asking the host"]
