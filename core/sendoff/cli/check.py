"""``sendoff check``: whether it would work."""

from __future__ import annotations

import os

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned
from sendoff.errors import Json, from_json
from sendoff.model.query import Question


def arguments(_parser: Parser, _command: str) -> None:
    """There are none."""


def run(call: Call) -> int:
    """Carries ``check`` out."""
    found = _inspected(call) if call.options.config and not call.words else _asked(call)
    call.output.item(found)
    for line in aligned([("ok" if row["ok"] else "NOT OK", row["what"], row["detail"]) for row in found["rows"]]):
        call.output.line(line)
    for row in found["rows"]:
        if not row["ok"] and row["error"]["hint"]:
            call.output.note(f"{row['what'].removesuffix(':')}: {row['error']['hint']}")
    return _code([row["error"] for row in found["rows"] if not row["ok"]])


def _asked(call: Call) -> Json:
    """What the host finds, by the configuration in force."""
    details = {"destination": call.one_word("destination"), "environment": dict(os.environ)} if call.words else {}
    return call.desk().ask(Question(what="check", details=details))


def _inspected(call: Call) -> Json:
    """What this process finds in a file that is named, whatever the host reads."""
    from pathlib import Path

    from sendoff.cli.inspection import inspected

    return inspected(Path(call.place.config), os.environ)


def _code(errors: list[Json]) -> int:
    """The exit code of the first that is not well."""
    return exits.exit_code_of(from_json(errors[0])) if errors else exits.DONE
