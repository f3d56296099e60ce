"""What became of an order, as a command tells it."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.text import count
from sendoff.model.query import Applied

SHOWN = 10


def told(call: Call, applied: Applied, done: str) -> int:
    """Prints it and gives the exit code.

    An operation that was named and could not obey makes the command fail; of many chosen by a filter it is only mentioned.
    done: what happened to those who obeyed, ``paused``.
    """
    call.output.item({"count": applied.count, "ids": list(applied.ids), "skipped": [{"id": id, "message": text} for id, text in applied.skipped]})
    call.output.note(f"{done} {count(applied.count, 'operation')}")
    for id, text in applied.skipped[:SHOWN]:
        call.output.note(f"{id}: {text}")
    if len(applied.skipped) > SHOWN:
        call.output.note(f"and {len(applied.skipped) - SHOWN} more")
    return exits.USAGE if applied.skipped and call.words else exits.DONE
