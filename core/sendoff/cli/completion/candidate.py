"""What may stand at the cursor."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from sendoff.cli.commands import COMMANDS
from sendoff.cli.completion.line import Line
from sendoff.cli.completion.names import Candidate, Names
from sendoff.cli.completion.paths import listed
from sendoff.cli.completion.slots import at

_PATHS: Mapping[str, str] = {"FILE": "files", "SOURCE": "files", "DIR": "folders"}
_NAMES: Mapping[str, Callable[[Names, Line], Iterator[Candidate]]] = {
    "--app": Names.apps,
    "--batch": Names.batches,
    "--credential": Names.credentials,
    "--destination": Names.sections,
    "--group": Names.groups,
    "--protocol": Names.protocols,
    "--reason": Names.reasons,
    "--status": Names.statuses,
    "--then": Names.ends,
    "-o": Names.keys_of_a_destination,
    "credentials NAME": Names.credentials,
    "new-plugin KIND": Names.kinds,
    "DESTINATION": Names.destinations,
    "ID": Names.operations,
    "KEY": Names.keys,
    "URL": Names.destinations,
}  # what is no option is called as in a usage, with the command before it where that matters
_LEADS: Mapping[str, tuple[str, bool]] = {
    "--form": ("[^=]*=[@<]", False),
    "--header": ("@", False),
    "--header-secret": ("@", False),
    "--then": ("move:", True),
}  # after what a path follows within the value of an option, and whether it is a folder's
_NOTHING = frozenset({"set --url"})  # an address of one's own


class Answer(NamedTuple):
    """Words for the cursor. paths: ``files`` or ``folders`` where such may stand there too; the shell knows them best."""

    words: list[Candidate]
    paths: str = ""


def answer(line: Line, current: str, names: Names) -> Answer:
    """All that may stand there and begins with what stands there already."""
    option, said, value = current.partition("=")
    named = line.parser.option_of(option) if said and option.startswith("--") and not line.closed else None
    if line.waiting is not None:
        found = _value(line.waiting, line, names, current)
    elif named is not None:
        found = _value(named, line, names, value)
        found = Answer([Candidate(f"{option}={word}", about) for word, about in found.words], found.paths)
    elif current.startswith("-") and not line.closed:
        found = Answer(list(_options(line)))
    elif line.command is None:
        found = Answer([Candidate(name, about) for name, (_, _, about) in COMMANDS.items()])
    else:
        found = _word(line, names)
    return Answer([one for one in found.words if one.word.startswith(current) and one.word.isprintable()], found.paths)


def _options(line: Line) -> Iterator[Candidate]:
    """Each by its longest name; one that stands there already only where it may be repeated."""
    for option in line.parser.known():
        name = max(option.option_strings, key=len)
        if option.help != SUPPRESS and (name not in line.used or isinstance(option.default, list)):
            yield Candidate(name, option.help or "")


def _value(option: Action, line: Line, names: Names, begun: str) -> Answer:
    pattern, only_folders = _LEADS.get(max(option.option_strings, key=len), ("(?!)", False))
    if lead := re.match(pattern, begun):
        return Answer([Candidate(lead[0] + path) for path in listed(begun[lead.end() :], only_folders=only_folders)])
    if option.choices is not None:
        return Answer([Candidate(str(word)) for word in option.choices])
    return _meant([*option.option_strings, str(option.metavar)], line, names)


def _word(line: Line, names: Names) -> Answer:
    """What the command's usage has at this place; small letters are a word to write as it stands."""
    command = line.command or ""
    words: list[Candidate] = []
    paths = ""
    for what in at(COMMANDS[command][1], len(line.words)):
        found = _meant([what], line, names) if what.isupper() else Answer([Candidate(what)] if what not in line.words else [])
        words, paths = [*words, *found.words], paths or found.paths
    return Answer(words, paths)


def _meant(called: list[str], line: Line, names: Names) -> Answer:
    """By the first of these names that says what is meant."""
    for one in called:
        for key in (f"{line.command} {one}", one):
            if key in _NOTHING:
                return Answer([])
            if key in _NAMES:
                return Answer(list(_NAMES[key](names, line)))
            if key in _PATHS:
                return Answer([], _PATHS[key])
    return Answer([])
