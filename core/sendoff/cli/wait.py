"""``sendoff wait``: until operations have ended."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import everything, views_of
from sendoff.cli.parser import Parser
from sendoff.cli.text import whole
from sendoff.cli.waiting import Waiting
from sendoff.errors import InvalidArgument
from sendoff.model.quantity import seconds
from sendoff.model.query import Query, View


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``wait``."""
    option = parser.option
    option("--group", metavar="NAME", help="for everything in this group that has not ended")
    option("--all", action="store_true", help="for everything that has not ended")
    option("--timeout", metavar="TIME", help="no longer than this: 90, 90s, 5m; then exit code 3, and the work goes on")
    option("--heartbeat", action="store_true", help="a dot on standard error each second in which nothing happens")
    option("--patient", action="store_true", help="wait on where only a person can help")


def run(call: Call) -> int:
    """Carries ``wait`` out."""
    options = call.options
    if not (call.words or options.group or options.all):
        raise InvalidArgument("sendoff wait needs an id, - for ids on standard input, --group or --all", hint="sendoff list shows the ids")
    if call.words and (options.group or options.all):
        raise InvalidArgument("sendoff wait takes ids, or --group or --all, not both")
    timeout = None if options.timeout is None else seconds(options.timeout)
    waiting = Waiting(call, results=call.output.line, patient=options.patient, heartbeat=options.heartbeat, timeout=timeout)
    code = waiting.until_ended(_views(call))
    if code == exits.DONE:
        call.output.detail("everything has ended well")
    return code


def _views(call: Call) -> Iterator[View]:
    if not call.words:
        yield from everything(call.desk(), Query(open=True, group=whole(call.options.group)))
        return
    seen: set[str] = set()
    for word in _ids(call.words):
        for view in views_of(call.desk(), word):
            if view["id"] not in seen:
                seen.add(view["id"])
                yield view


def _ids(words: list[str]) -> Iterator[str]:
    for word in words:
        if word == "-":
            yield from sys.stdin.read().split()
        else:
            yield word
