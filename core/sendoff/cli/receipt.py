"""``sendoff receipt``: the proof of what landed."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import views_of
from sendoff.cli.outcome import proof
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import InvalidArgument
from sendoff.model.query import View


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``receipt`` out; the exit code is that of the worst."""
    if not call.words:
        raise InvalidArgument("sendoff receipt needs an id", hint="sendoff list --all shows the ids")
    desk = call.desk(spawn=True)
    return max([_one(call, view) for word in call.words for view in views_of(desk, word)], default=exits.DONE)


def _one(call: Call, view: View) -> int:
    receipt = view["receipt"]
    if receipt is not None:
        call.output.item({"id": view["id"], **receipt})
        for line in aligned([("operation", view["id"]), *proof(receipt)]):
            call.output.line(line)
        return exits.DONE
    call.output.note(f"{view['number']} has no receipt: it is {view['status']}")
    return exits.FAILED if view["status"] in ("error", "canceled") else exits.GOES_ON
