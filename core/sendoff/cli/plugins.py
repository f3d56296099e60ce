"""``sendoff plugins``: what is installed, and why a broken one is broken."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import Json
from sendoff.model.query import Question

COLUMNS = ("kind", "name", "distribution", "version", "schemes", "capabilities", "state", "reason")


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``plugins`` out."""
    call.no_words()
    found = call.desk().ask(Question(what="plugins"))
    plugins = [*found["drivers"], *({"kind": "listener", **one} for one in found["listeners"])]
    for plugin in plugins:
        call.output.item(plugin)
    for line in aligned([[name.upper() for name in COLUMNS], *([_cell(plugin.get(name)) for name in COLUMNS] for plugin in plugins)]):
        call.output.line(line)
    return exits.DONE


def _cell(value: Json) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
