"""``sendoff pause``, ``resume``, ``cancel`` and ``retry``: one order for many operations."""

from __future__ import annotations

import os
from collections.abc import Mapping

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import batch_of
from sendoff.cli.parser import Parser, add_selection
from sendoff.cli.text import count
from sendoff.errors import InvalidArgument, Json
from sendoff.model.query import Applied, Order, Selection

_DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled", "retry": "retried"}
SHOWN = 10


def arguments(parser: Parser, command: str) -> None:
    """The options of an order."""
    add_selection(parser)
    if command == "retry":
        parser.option("--failed", action="store_true", help="every operation that failed")


def run(call: Call) -> int:
    """Carries an order out."""
    which = _selection(call)
    applied = call.desk().order(Order(verb=call.command, details=_details(call)), which)
    call.output.item({"count": applied.count, "ids": list(applied.ids), "skipped": [{"id": id, "message": text} for id, text in applied.skipped]})
    call.output.note(f"{_DONE[call.command]} {count(applied.count, 'operation')}")
    return _told_skipped(call, applied)


def _details(call: Call) -> Mapping[str, Json]:
    """Who lets an upload go on brings a corrected variable along."""
    return {"environment": dict(os.environ)} if call.command in ("resume", "retry") else {}


def _selection(call: Call) -> Selection:
    options = call.options
    failed = call.command == "retry" and options.failed
    if not (call.words or options.batch or options.group or options.all or failed):
        more = ", --failed" if call.command == "retry" else ""
        raise InvalidArgument(f"sendoff {call.command} needs an id, --batch, --group{more} or --all", hint="sendoff list shows the ids")
    if call.words and (options.batch or options.group or options.all or failed):
        raise InvalidArgument(f"sendoff {call.command} takes ids, or --batch, --group or --all, not both")
    batch = batch_of(call.desk(), options.batch) if options.batch else None
    return Selection(ids=tuple(call.words), batch=batch, group=options.group, all=options.all, failed=failed)


def _told_skipped(call: Call, applied: Applied) -> int:
    """Those named by id that could not obey make the command fail; of many chosen by a filter they are only mentioned."""
    for id, text in applied.skipped[:SHOWN]:
        call.output.note(f"{id}: {text}")
    if len(applied.skipped) > SHOWN:
        call.output.note(f"and {len(applied.skipped) - SHOWN} more")
    return exits.USAGE if applied.skipped and call.words else exits.DONE
