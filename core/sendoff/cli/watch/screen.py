"""``watch`` on a terminal: draws the console, reads the keys, and leaves the terminal as it was.

By prompt_toolkit: it is small (one dependency, 0.1 s to load), sends over the line only what has changed, knows NO_COLOR, and lets a screen be
plain lines that are made when they are drawn. Textual brings style sheets, Markdown and a highlighter along, and colors without which its widgets
are hard to tell apart; rich draws, but reads no key.
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from prompt_toolkit import print_formatted_text
from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import create_input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style

from sendoff.cli.advice import unblocked_by
from sendoff.cli.stopping import Stopped
from sendoff.cli.text import clean
from sendoff.cli.watch.board import Board
from sendoff.cli.watch.console import Console
from sendoff.cli.watch.glance import Glance, together
from sendoff.cli.watch.keys import KEYS
from sendoff.cli.watch.line import Line
from sendoff.cli.watch.rows import ended_row
from sendoff.cli.watch.sheet import Size
from sendoff.model.query import Query, View

if TYPE_CHECKING:
    from sendoff.cli.watch.watching import Watching
    from sendoff.desk.contract import Desk

STYLE = Style.from_dict({
    "title": "bold", "bar": "ansicyan", "rest": "dim", "dim": "dim", "good": "ansigreen", "bad": "ansired", "needs": "ansiyellow", "chosen": "reverse",
})  # fmt: skip
APART = 0.05  # seconds between two frames, at least
TURN = 1.0  # seconds after which a frame is drawn though nothing was told: a wait grows shorter, a silence longer
ESCAPE = 0.1  # seconds after which Esc is a key and not the beginning of one
LEFT = "left"
PARTING = 1.0  # seconds that the watching may take to end


class Screen(Board):
    """A board that is drawn."""

    def __init__(self, desk: Desk, query: Query) -> None:
        super().__init__(desk, query)
        self._console = Console(self)
        self._output = create_output(sys.stdout)
        self._ascii = not _fits("━╸─…", self._output.encoding())
        self._app: Application[int | BaseException] = Application(
            layout=Layout(Window(FormattedTextControl(self._drawn), always_hide_cursor=True)), key_bindings=self._bindings(), style=STYLE, full_screen=True,
            input=create_input(always_prefer_tty=True), output=self._output, min_redraw_interval=APART, refresh_interval=TURN,
        )  # fmt: skip
        self._app.ttimeoutlen = ESCAPE
        self.changed = self._app.invalidate

    def carried(self, watching: Watching) -> int:
        """Watches until everything has ended, or somebody leaves: then ``KeyboardInterrupt`` or ``Stopped`` is raised. The terminal is as it was."""
        thread = threading.Thread(target=self._watch, args=(watching,), name="sendoff-watch", daemon=True)

        def begin() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: self._end(context.get("exception") or RuntimeError(context["message"])))
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._end, Stopped(number.name))
            thread.start()

        try:
            end = self._app.run(pre_run=begin, set_exception_handler=False)
        except (EOFError, OSError):  # the terminal is gone
            end = Stopped("hung up")
        if isinstance(end, int):
            return end
        watching.stop()
        thread.join(PARTING)
        over = watching.over() if str(end) == LEFT and not thread.is_alive() else None
        if over is None:
            raise end
        return over

    def close(self, glance: Glance) -> None:
        """What has ended, and the totals, stay where the screen was."""
        width = self._output.get_size().columns - 1
        lines = [line for view in self.gone for line in (ended_row(view, width), *_helped(view))]
        if self.gone_before:
            lines.insert(0, [("class:dim", f"{self.gone_before} more ended before; sendoff list --all shows them")])
        print_formatted_text(_text([*lines, [("class:title", together(glance))]]), style=STYLE, output=self._output)

    # -- within ------------------------------------------------------------------------------------------------------

    def _watch(self, watching: Watching) -> None:
        end: int | BaseException
        try:
            end = watching.until_ended()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the terminal is set right first
            end = error
        if self._app.loop is not None:
            self._app.loop.call_soon_threadsafe(self._end, end)

    def _end(self, end: int | BaseException) -> None:
        if self._app.is_running and not self._app.is_done:
            self._app.exit(result=end)

    def _drawn(self) -> FormattedText:
        size = self._output.get_size()
        return _text(self._console.lines(Size(size.columns, size.rows, self._ascii)))

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        for key in KEYS:
            for name in key.names:
                bindings.add(name)(lambda _, action=key.action: self._pressed(action))
        bindings.add("<any>")(lambda _: self._pressed("other"))
        return bindings

    def _pressed(self, action: str) -> None:
        """The terminal's own keys are seen to here."""
        if action == "leave" and self._console.at_list:
            self._end(Stopped(LEFT))
        elif action == "interrupt":
            self._end(KeyboardInterrupt())
        elif action == "suspend":
            self._app.suspend_to_background()
        elif action == "redraw":
            self._app.renderer.clear()
        else:
            self._console.press("back" if action == "leave" else action)


def _text(lines: Iterable[Line]) -> FormattedText:
    found = [piece for line in lines for piece in (*line, ("", "\n"))]
    return FormattedText(found[:-1])


def _helped(view: View) -> list[Line]:
    """The command that tries again what failed, or what else helps."""
    help = unblocked_by(view) if view["status"] == "error" else None
    return [[("class:dim", f"  {clean(help)}")]] if help else []


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
