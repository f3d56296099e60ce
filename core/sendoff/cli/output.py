"""Where a command prints: results to standard output, words for people to standard error."""

from __future__ import annotations

import json
import os
from typing import IO, Any, TextIO

from sendoff.cli.text import clean
from sendoff.errors import Json, SendoffError, to_json


class ReaderGone(Exception):
    """Whoever read the results closed the pipe."""


class Output:
    """Both streams of a command, and how it was asked to use them.

    json: results are one object a line, errors too, and nothing else is printed. quiet: no notes. verbose: details as well.
    """

    def __init__(self, results: TextIO, notes: TextIO, *, json: bool = False, quiet: bool = False, verbose: bool = False) -> None:
        self._results = results
        self._notes = notes
        self.json = json
        self.quiet = quiet
        self.verbose = verbose

    @property
    def terminal(self) -> bool:
        """Whether a person reads the results on a screen that a cursor can move on."""
        return self._results.isatty() and os.environ.get("TERM", "") not in ("", "dumb")

    @property
    def person(self) -> bool:
        """Whether a person reads the notes as they come."""
        return not (self.json or self.quiet) and self._notes.isatty()

    @property
    def columns(self) -> int | None:
        """How many columns a line of the results may have; None where nobody counts them."""
        try:
            if not self._results.isatty():
                return None
            return int(os.environ.get("COLUMNS") or os.get_terminal_size(self._results.fileno()).columns)
        except (OSError, ValueError):
            return None

    def draw(self, text: str) -> None:
        """Results with what moves the cursor; whoever calls has made names fit for a terminal."""
        self._written(self._results, text)

    def raw(self, data: bytes) -> None:
        """A result that is bytes."""
        _write(self._results.buffer, data)

    def line(self, text: str) -> None:
        """A result for people."""
        if not self.json:
            self._print(self._results, clean(text))

    def item(self, value: Json) -> None:
        """A result for programs."""
        if self.json:
            self._print(self._results, json.dumps(value))

    def note(self, text: str) -> None:
        """Something that helps a person and is no result."""
        if not (self.json or self.quiet):
            self._print(self._notes, clean(text))

    def trouble(self, text: str) -> None:
        """What became of an upload that did not go well; said where no notes are wanted, too."""
        if not self.json:
            self._print(self._notes, clean(text))

    def detail(self, text: str) -> None:
        """A note that only ``-v`` asks for."""
        if self.verbose:
            self.note(text)

    def dot(self) -> None:
        """A sign of life."""
        if not self.json:
            self._notes.write(".")
            self._notes.flush()

    def warn(self, text: str) -> None:
        """Something that went well and should be done otherwise."""
        self._print(self._notes, json.dumps({"warning": {"message": text}}) if self.json else f"sendoff: warning: {clean(text)}")

    def fail(self, error: SendoffError) -> None:
        """Why the command did not do what was asked."""
        if self.json:
            self._print(self._notes, json.dumps({"error": to_json(error)}))
            return
        self._print(self._notes, f"sendoff: {clean(error.message)}")
        for other in error.facts.get("candidates", ()):
            if str(other) not in error.message:
                self._print(self._notes, f"  {clean(other)}")
        if error.hint:
            self._print(self._notes, f"  {clean(error.hint)}")

    def _print(self, stream: TextIO, text: str) -> None:
        self._written(stream, text + "\n")

    def _written(self, stream: TextIO, text: str) -> None:
        try:
            _write(stream, text)
        except UnicodeEncodeError:
            _write(stream, text.encode("ascii", "backslashreplace").decode("ascii"))


def _write(stream: IO[Any], data: str | bytes) -> None:
    """What is written is on its way when this returns."""
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError as cause:
        raise ReaderGone from cause
    except OSError as cause:
        raise SendoffError(f"the results cannot be written: {cause.strerror}") from cause
