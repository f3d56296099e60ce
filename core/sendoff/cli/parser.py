"""How the words of a command line are read."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import NoReturn

from sendoff.errors import InvalidArgument

VALUED = ("--app", "--state-dir", "--config")


class Parser(argparse.ArgumentParser):
    """The options of one command. Words that are no option may stand anywhere and come back as ``words``.

    alone: options that take a value only with ``=``, and the value they have without: else they would swallow the next word.
    """

    def __init__(self, command: str, words: str, about: str) -> None:
        super().__init__(
            prog=f"sendoff {command}".rstrip(),
            usage=" ".join(filter(None, ("sendoff", command, words))),
            description=about,
            formatter_class=_Help,
            allow_abbrev=False,
        )
        self.option = self.add_argument
        self.alone: dict[str, str] = {}
        _add_global(self)

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options, and in ``words`` all the rest; everything after ``--`` is the rest."""
        cut = list(words).index("--") if "--" in words else len(words)
        found, rest = self.parse_known_args([f"{word}={self.alone[word]}" if word in self.alone else word for word in words[:cut]])
        for word in rest:
            if word.startswith("-") and word != "-":
                raise InvalidArgument(f"{self.prog}: there is no option {word.partition('=')[0]}", hint=self._nearest(word))
        found.words = [*rest, *words[cut + 1 :]]
        return found

    def error(self, message: str) -> NoReturn:
        raise InvalidArgument(f"{self.prog}: {message}", hint=f"see {self.prog} --help")

    def options(self) -> list[str]:
        """Every option's long form."""
        return [text for action in self._actions for text in action.option_strings if text.startswith("--")]

    def known(self) -> list[argparse.Action]:
        """Every option."""
        return list(self._actions)

    def option_of(self, name: str) -> argparse.Action | None:
        """The option of this name, long or short."""
        return next((action for action in self._actions if name in action.option_strings), None)

    def _nearest(self, word: str) -> str:
        from difflib import get_close_matches

        found = get_close_matches(word.partition("=")[0], self.options(), 1)
        if found:
            return f"did you mean {found[0]}?"
        return f"see {self.prog} --help; a name that begins with - comes after --"


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_columns())


def _columns() -> int:
    # argparse itself would import shutil, which costs more than all the rest of the parser
    try:
        return max(40, int(os.environ.get("COLUMNS") or os.get_terminal_size().columns) - 2)
    except (OSError, ValueError):
        return 100


def _add_global(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("everywhere")
    group.add_argument("--app", metavar="NAME", help="which set of uploads; apps do not see each other (default: default)")
    group.add_argument("--state-dir", metavar="DIR", help="where the journal lives, instead of a folder of the user's state")
    group.add_argument("--config", metavar="FILE", help="the configuration file")
    group.add_argument("--json", action="store_true", help="one JSON object a line")
    group.add_argument("-q", "--quiet", action="store_true", help="results, errors and failed uploads only")
    group.add_argument("-v", "--verbose", action="store_true", help="more words")


def split(words: Sequence[str]) -> tuple[str | None, list[str]]:
    """The command among the words, and the words without it; global options may stand before it."""
    at = 0
    while at < len(words) and words[at] != "--":
        if words[at] in VALUED:
            at += 2
        elif words[at].startswith("-"):
            at += 1
        else:
            return words[at], [*words[:at], *words[at + 1 :]]
    return None, list(words)


def add_selection(parser: Parser) -> None:
    """``--batch --group --all``: which operations, besides those named."""
    parser.option("--batch", metavar="ID", help="every operation of this batch")
    parser.option("--group", metavar="NAME", help="every operation of this group")
    parser.option("--all", action="store_true", help="every operation")


def pair(text: str, separator: str, form: str) -> tuple[str, str]:
    """Both sides of ``K=V`` or ``N: V``."""
    name, found, value = text.partition(separator)
    if not found or not name.strip():
        raise InvalidArgument(f"{text!r}: write it as {form}")
    return name.strip(), value.strip()
