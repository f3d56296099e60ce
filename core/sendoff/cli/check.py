"""``sendoff check``: whether it would work."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.nested import flat
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.model.query import Question


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``check`` out."""
    details = {"destination": call.one_word("destination")} if call.words else {}
    found = call.desk().ask(Question(what="check", details=details))
    call.output.item(found)
    for line in aligned(list(flat(found))):
        call.output.line(line)
    return exits.DONE
