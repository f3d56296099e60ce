"""What is watched, on a terminal: a bar a running upload, the totals below, what has ended scrolling away above."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import ceil

from rich.console import Console
from rich.text import Text

from sendoff.cli.output import Output
from sendoff.cli.watch.glance import Glance, together
from sendoff.cli.watch.rows import ended_row, frame
from sendoff.model.query import View

OTHERS = 6  # lines that are no upload's: totals, what waits, and air above
MOST = 40
# what the terminal shows at once, where it can (synchronized output), so that nothing flickers; others pass this by
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"
TO_END_OF_LINE, TO_END_OF_SCREEN = "\x1b[K", "\x1b[J"


class Bars:
    """Draws each frame over the last one, in one piece."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._console = Console(file=sys.stdout, highlight=False)
        self._plain = not _fits("━╸─", self._console.encoding)
        self._drawn: list[int] = []  # columns of each line of the frame that is on the screen
        self._last = ""
        self._glance: Glance | None = None

    @property
    def room(self) -> int:
        """As many as the terminal has lines for."""
        return max(min(self._console.height - OTHERS, MOST), 1)

    def ended(self, views: Sequence[View]) -> None:
        """Lines that stay."""
        width = self._console.width - 1
        self._draw([ended_row(view, width) for view in views])

    def show(self, glance: Glance) -> None:
        """The next frame."""
        self._glance = None if self._output.quiet else glance
        self._draw([])

    def close(self, glance: Glance) -> None:
        """The totals stay; the bars go."""
        self._glance = None
        self._draw([] if self._output.quiet else [Text(together(glance), style="bold")])

    def _draw(self, above: Sequence[Text]) -> None:
        width = self._console.width
        lines = frame(self._glance, width - 1, self.room, plain=self._plain) if self._glance else []
        text = "".join(f"{self._styled(line)}{TO_END_OF_LINE}\n" for line in above) + f"{TO_END_OF_LINE}\n".join(map(self._styled, lines))
        if not above and text == self._last:
            return
        self._output.draw(f"{BEGIN}{self._back(width)}{text}{TO_END_OF_LINE}{TO_END_OF_SCREEN}{END}")
        self._drawn, self._last = [line.cell_len for line in lines], text

    def _styled(self, line: Text) -> str:
        with self._console.capture() as said:
            self._console.print(line, end="", no_wrap=True, overflow="crop", width=self._console.width)
        return said.get()

    def _back(self, width: int) -> str:
        """To where the last frame began; on a terminal that became narrower its lines are several by now."""
        rows = sum(max(ceil(columns / width), 1) for columns in self._drawn)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "")


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
