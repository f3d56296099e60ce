"""``sendoff watch``: uploads as they go on; leaving it stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.stopping import Stopped, bounded
from sendoff.cli.text import count
from sendoff.cli.waiting import demand
from sendoff.cli.watch.plain import Lines, Objects
from sendoff.cli.watch.watched import Everything, Named, named
from sendoff.cli.watch.watching import Display, Watching
from sendoff.model.query import Query

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk


def arguments(parser: Parser, _command: str) -> None:
    """There are none."""
    parser.epilog = "Without an ID: everything that has not ended. On a terminal ? shows the keys; q or Ctrl-C ends the watching, and the uploads go on."


def run(call: Call) -> int:
    """Carries ``watch`` out."""
    desk = call.desk()
    what: Everything | Named = named(desk, call.words) if call.words else Everything(desk)
    if not call.words and not what.count()[0].total:
        call.output.note("there is nothing to watch: nothing is unfinished; sendoff list --all shows the history")
        return exits.DONE
    display = _display(call, desk, what.query)
    watching = Watching(desk, what, display)
    try:
        with bounded(None):
            code = display.carried(watching)
    except (KeyboardInterrupt, Stopped) as end:
        display.close(watching.glance())
        _goes_on(call, watching)
        if isinstance(end, Stopped):
            return exits.GOES_ON
        raise
    display.close(watching.glance())
    for view in watching.left if code == exits.PERSON else ():
        if view["needs"]:
            call.output.trouble(demand(view))
    return code


def _display(call: Call, desk: Desk, query: Query) -> Display:
    if call.output.json:
        return Objects(call.output)
    if not call.output.terminal or call.output.quiet:
        return Lines(call.output)
    from sendoff.cli.watch.screen import Screen

    return Screen(desk, query)


def _goes_on(call: Call, watching: Watching) -> None:
    left = watching.glance().tally.open
    if left:
        call.output.note(f"{count(left, 'upload')} not finished yet; {call.later()}")
