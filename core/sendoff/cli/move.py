"""``sendoff move``: the order of what waits."""

from __future__ import annotations

from sendoff.cli.applied import told
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.errors import InvalidArgument
from sendoff.model.query import Order, Selection


def arguments(parser: Parser, _command: str) -> None:
    """Where to; one of them."""
    parser.option("--first", action="store_true", help="before all others that wait in its line")
    parser.option("--last", action="store_true", help="behind all others")
    parser.option("--before", metavar="ID", help="just before this one, which waits in the same line")


def run(call: Call) -> int:
    """Carries ``move`` out."""
    options = call.options
    if not call.words:
        raise InvalidArgument("sendoff move needs an id", hint="sendoff list shows the ids")
    wanted = [name for name in ("first", "last", "before") if getattr(options, name)]
    if len(wanted) != 1:
        raise InvalidArgument("sendoff move takes one of --first, --last and --before ID")
    details = {"where": wanted[0], **({"before": options.before} if options.before else {})}
    return told(call, call.desk().order(Order(verb="move", details=details), Selection(ids=tuple(call.words))), "moved")
