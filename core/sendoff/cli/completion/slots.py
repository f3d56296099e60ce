"""Which words may stand where, by the command's own usage: ``SOURCE... DESTINATION``, ``{set,list,remove} [NAME]``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r"\[[^]]*\]|\{[^}]*\}|[^\s[\]{}]+")


class Slot(NamedTuple):
    """One place for a word. what: ``FILE``, or a word to write as it stands. needed: the command does not go without. repeats: any number may stand there."""

    what: str
    needed: bool = True
    repeats: bool = False


def slots(usage: str) -> list[tuple[Slot, ...]]:
    """The places in their order; alternatives share one. Options are none of them."""
    return [found for token in _TOKEN.findall(usage) for found in _places(token)]


def at(usage: str, position: int) -> list[str]:
    """What may stand there as the word of this number, from 0."""
    found, least, most = [], 0, 0.0
    for place in slots(usage):
        repeats = place[0].repeats
        if least <= position <= (float("inf") if repeats else most):
            found += [one.what for one in place if one.what not in found]
        least += place[0].needed
        most += float("inf") if repeats else 1
    return found


def _places(token: str) -> Iterator[tuple[Slot, ...]]:
    needed, words = not token.startswith("["), token.strip("[]").split()
    if words == ["options"] or words[0].startswith("-"):
        return
    for word in words:
        what, repeats = word.removesuffix("..."), word.endswith("...")
        yield tuple(Slot(one, needed, repeats) for one in what.strip("{}").split(","))
