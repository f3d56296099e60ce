"""``sendoff gc``: forget now what would be forgotten by and by."""

from __future__ import annotations

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import count
from sendoff.model.query import Question

_GONE = {
    "operations": "operation past [retention]",
    "answers": "kept answer",
    "copies": "spooled copy",
    "environments": "sealed environment",
    "notes": "receipt or batch past its time",
}
_SEVERAL = {
    "operations": "operations past [retention]",
    "answers": "kept answers",
    "copies": "spooled copies",
    "environments": "sealed environments",
    "notes": "receipts and batches past their time",
}


def arguments(_parser: Parser, _command: str) -> None:
    """None."""


def run(call: Call) -> int:
    """Carries ``gc`` out."""
    call.no_words()
    gone = call.desk().ask(Question(what="gc"))
    call.output.item(gone)
    for name, words in _GONE.items():
        if gone[name]:
            call.output.line(f"{gone[name]} {words if gone[name] == 1 else _SEVERAL[name]}")
    call.output.note(f"forgot {count(sum(gone.values()), 'thing')}" if any(gone.values()) else "there was nothing to forget")
    return exits.DONE
