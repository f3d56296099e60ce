"""``sendoff pause``, ``resume``, ``cancel`` and ``retry``: one order for many operations."""

from __future__ import annotations

import os
from typing import Any

from sendoff.cli.applied import told
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser, add_selection
from sendoff.cli.text import whole
from sendoff.errors import InvalidArgument
from sendoff.model.query import Order, Selection

FAILED = {"retry": "every operation that failed", "cancel": "what failed and will not be tried again: it leaves the list"}
DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled", "retry": "retried"}


def arguments(parser: Parser, command: str) -> None:
    """The options of an order."""
    add_selection(parser)
    if command in FAILED:
        parser.option("--failed", action="store_true", help=FAILED[command])
    if command == "resume":
        parser.option("--now", action="store_true", help="this once, whatever network, power or back-off say")


def run(call: Call) -> int:
    """Carries an order out."""
    which = _selection(call)
    return told(call, call.desk().order(Order(verb=call.command, details=details_of(call.command, now=_at_once(call))), which), DONE[call.command])


def details_of(verb: str, *, now: bool = False) -> dict[str, Any]:
    """What an order says beside whom it is for: who lets an upload go on brings a corrected variable along."""
    if verb not in ("resume", "retry"):
        return {}
    return {"environment": dict(os.environ), **({"now": True} if now else {})}


def _at_once(call: Call) -> bool:
    return call.command == "resume" and bool(call.options.now)


def _selection(call: Call) -> Selection:
    options = call.options
    failed = call.command in FAILED and options.failed
    if not (call.words or options.batch or options.group or options.all or failed):
        more = ", --failed" if call.command in FAILED else ""
        raise InvalidArgument(f"sendoff {call.command} needs an id, --batch, --group{more} or --all", hint="sendoff list shows the ids")
    if call.words and (options.batch or options.group or options.all or failed):
        raise InvalidArgument(f"sendoff {call.command} takes ids, or --batch, --group or --all, not both")
    return Selection(ids=tuple(call.words), batch=options.batch, group=whole(options.group), all=options.all, failed=failed)
