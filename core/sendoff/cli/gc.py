"""``sendoff gc``: forget now what would be forgotten by and by."""

from __future__ import annotations

import os

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import aligned, count
from sendoff.errors import InvalidArgument, Json
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


def arguments(parser: Parser, _command: str) -> None:
    """What lies at a server instead of here."""
    parser.option("--remote", metavar="DESTINATION", help="list what lies unfinished there, and take away what this journal's uploads have left behind")
    parser.option("--others", action="store_true", help="with --remote: take away what nobody here knows, too, whoever began it")
    parser.option("--dry-run", action="store_true", help="with --remote: only list")


def run(call: Call) -> int:
    """Carries ``gc`` out."""
    call.no_words()
    options = call.options
    if options.remote:
        return _remote(call)
    if options.others or options.dry_run:
        raise InvalidArgument("--others and --dry-run belong to --remote DESTINATION")
    return _here(call)


def _here(call: Call) -> int:
    gone = call.desk().ask(Question(what="gc"))
    call.output.item(gone)
    for name, words in _GONE.items():
        if gone[name]:
            call.output.line(f"{gone[name]} {words if gone[name] == 1 else _SEVERAL[name]}")
    call.output.note(f"forgot {count(sum(gone.values()), 'thing')}" if any(gone.values()) else "there was nothing to forget")
    return exits.DONE


def _remote(call: Call) -> int:
    """One line for each unfinished upload at a destination: how old, how large, whose, and what became of it."""
    options = call.options
    details = {"destination": options.remote, "environment": dict(os.environ), "remove": not options.dry_run, "others": options.others}
    found = call.desk().ask(Question(what="leftovers", details=details))
    for row in found["rows"]:
        call.output.item(row)
    for line in aligned([_cells(row) for row in found["rows"]]) if found["rows"] else ():
        call.output.line(line)
    for row in found["rows"]:
        if row["problem"] is not None:
            call.output.note(f"{row['url']} could not be taken away: {row['problem']}")
    left = sum(not row["removed"] and row["owner"] == "unknown" for row in found["rows"])
    call.output.note(f"{count(len(found['rows']), 'unfinished upload')}, {found['removed']} taken away")
    if left and not options.dry_run:
        call.output.note(f"of {left} nobody here knows who began them; --others takes them away, too")
    return exits.DONE


def _cells(row: Json) -> tuple[str, ...]:
    from sendoff.model.quantity import size_text

    whose = {"running": "is being sent", "ended": "ours, has ended", "unknown": "not known here"}[row["owner"]]
    size = "?" if row["size"] is None else size_text(row["size"])
    return (row["began_at"] or "?", size, "removed" if row["removed"] else "kept", whose, row["url"])
