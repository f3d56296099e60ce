"""One command line on its way: what was asked, where to print, and the desk, opened when first asked for."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sendoff.cli.output import Output
from sendoff.errors import ConfigurationError, InvalidArgument

if TYPE_CHECKING:
    from sendoff.cli.minute import Minute
    from sendoff.desk.client import DeskClient
    from sendoff.desk.place import Place
    from sendoff.model.query import View

Opening = Callable[["Place", bool], "DeskClient"]
Placing = Callable[[Namespace], "Place"]


class Call:
    """A command, its options and its surroundings. place: whose host it means."""

    def __init__(self, command: str, options: Namespace, output: Output, placing: Placing, opening: Opening) -> None:
        self.command = command
        self.options = options
        self.output = output
        self._placing = placing
        self._opening = opening
        self.later: Callable[[], str] = lambda: "the work goes on without this command"  # said when it ends before the work has
        self.minute: Callable[[Callable[[], Iterable[View]]], Minute | None] = lambda _: None  # whether a wait tells once a minute how far it is
        self._place: Place | None = None
        self._desks: dict[bool, DeskClient] = {}

    @property
    def words(self) -> list[str]:
        """What stands on the line and is no option."""
        found: list[str] = self.options.words
        return found

    @property
    def place(self) -> Place:
        """Whose host is meant: the folder of the journal, the socket, the configuration file."""
        if self._place is None:
            self._place = self._placing(self.options)
        return self._place

    def desk(self, *, spawn: bool = True) -> DeskClient:
        """The desk of the host; with ``spawn`` a host is started when none runs."""
        if self.options.config and not os.path.exists(self.place.config):
            raise ConfigurationError(f"the configuration file {self.place.config} does not exist")
        if spawn not in self._desks:
            self._desks[spawn] = self._opening(self.place, spawn)
        return self._desks[spawn]

    def of(self, options: Namespace) -> Call:
        """The same command for what other options mean."""
        return Call(self.command, options, self.output, self._placing, self._opening)

    def lend(self, desk: DeskClient) -> None:
        """Use this desk from now on."""
        self._desks = {True: desk, False: desk}

    def no_words(self) -> None:
        """Refuses words that the command has no use for."""
        if self.words:
            raise InvalidArgument(f"sendoff {self.command} takes no {self.words[0]!r}", hint=f"see sendoff {self.command} --help")

    def one_word(self, what: str) -> str:
        """The single word that the command takes."""
        if len(self.words) != 1:
            raise InvalidArgument(f"sendoff {self.command} takes one {what}", hint=f"see sendoff {self.command} --help")
        return self.words[0]
