"""A command line that is not finished: what stands before the cursor."""

from __future__ import annotations

from argparse import Action, Namespace
from collections.abc import Sequence
from typing import NamedTuple

from sendoff.cli.commands import COMMANDS, parser_of
from sendoff.cli.parser import Parser, split


class Line(NamedTuple):
    """What was written. command: None while it may still come. words: of the command, without options. used: options that stand there.

    waiting: the option whose value comes next. closed: after ``--``, nothing is an option any more. place: what says whose uploads are meant.
    """

    command: str | None
    parser: Parser
    words: tuple[str, ...]
    used: frozenset[str]
    waiting: Action | None
    closed: bool
    place: Namespace


def read(before: Sequence[str]) -> Line | None:
    """The line up to the word at the cursor; None where there is no such command."""
    command, rest = split(before)
    if command is not None and command not in COMMANDS:
        return None
    parser = parser_of(command) if command is not None else _first()
    words: list[str] = []
    used: list[str] = []
    given: dict[str, str] = {}
    waiting, closed = None, False
    for word in rest:
        if waiting is not None:
            given[waiting.dest], waiting = word, None
        elif closed or not word.startswith("-") or word == "-":
            words.append(word)
        elif word == "--":
            closed = True
        else:
            name, said, value = word.partition("=")
            option = parser.option_of(name)
            if option is not None:
                used += option.option_strings
                if said:
                    given[option.dest] = value
                elif takes_value(parser, option):
                    waiting = option
    place = Namespace(**{name: given.get(name) for name in ("app", "state_dir", "config")})
    return Line(command, parser, tuple(words), frozenset(used), waiting, closed, place)


def takes_value(parser: Parser, option: Action) -> bool:
    """Whether the word after it is its value."""
    return option.nargs is None and not any(name in parser.alone for name in option.option_strings)


def _first() -> Parser:
    """What may stand before a command."""
    parser = Parser("", "[options] COMMAND ...", "")
    parser.option("--version", action="store_true", help="which sendoff this is")
    return parser
