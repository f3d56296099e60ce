"""How ``sendoff demo`` tells what it sees: to people as it happens, to programs one object a step."""

from __future__ import annotations

import os
import shlex
import textwrap
from collections.abc import Sequence

from sendoff.cli.output import Output
from sendoff.cli.text import clean
from sendoff.errors import Json

WIDEST = 80
INDENT = "  "
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"


class DemoStory:
    """Titles, sentences, commands and what they said, none wider than the terminal."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._width = _columns() if output.terminal else WIDEST

    def title(self, text: str) -> None:
        """A new step begins."""
        if self._output.json or self._output.quiet:
            return
        self._output.line("")
        if self._output.terminal and not os.environ.get("NO_COLOR"):
            self._output.draw(f"{BOLD}{clean(text)}{PLAIN}\n")
        else:
            self._output.line(text)

    def say(self, text: str) -> None:
        """A sentence."""
        for line in textwrap.wrap(text, self._width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False):
            self._line(line)

    def command(self, *words: str) -> None:
        """What a person would type."""
        self._wrapped(f"$ {shlex.join(words)}")

    def said(self, text: str) -> None:
        """What a command printed, its lines folded where they are too long."""
        for line in text.splitlines():
            self._wrapped(line)

    def rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Names and what they stand for."""
        for name, value in rows:
            self._line(f"{INDENT}{name:<9} {value}")

    def gap(self) -> None:
        """What was drawn on the terminal stays, and a new line begins."""
        if self._output.terminal:
            self._output.draw("\n")

    def fact(self, step: str, **facts: Json) -> None:
        """A step, for programs."""
        self._output.item({"step": step, **facts})

    def end(self, text: str) -> None:
        """The last sentence, said even to who wants results only."""
        if not self._output.quiet:
            self._output.line("")
        self._output.line(text)

    def _wrapped(self, line: str) -> None:
        inner = f"{INDENT}{' ' * 4}"
        for piece in textwrap.wrap(clean(line), self._width, initial_indent=INDENT, subsequent_indent=inner, break_on_hyphens=False, replace_whitespace=False):
            self._line(piece)

    def _line(self, text: str) -> None:
        if not self._output.quiet:
            self._output.line(text)


def _columns() -> int:
    try:
        return min(max(os.get_terminal_size().columns, 40), WIDEST)
    except OSError:
        return WIDEST
