"""``sendoff events``: the durable history."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.identity import views_of
from sendoff.cli.parser import Parser
from sendoff.cli.stopping import Stopped, bounded
from sendoff.cli.text import clean, folded, span
from sendoff.errors import InvalidArgument, Json
from sendoff.model.event import Event
from sendoff.model.moment import moment_text
from sendoff.model.query import Query

INDENT = 8  # of what has no room beside the number


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``events``."""
    parser.option("--follow", action="store_true", help="stay, and print what happens from now on as well")
    parser.option("--after", metavar="SEQ", default="0", help="only what comes after this number")


def run(call: Call) -> int:
    """Carries ``events`` out."""
    after = call.options.after
    if not (after.isascii() and after.isdigit()):
        raise InvalidArgument(f"--after {after}: it is the seq of an event, a whole number")
    query = _query(call)
    try:
        with bounded(None):
            return _print(call, query, int(after))
    except Stopped:
        return exits.GOES_ON


def _query(call: Call) -> Query:
    if not call.words:
        return Query()
    word = call.one_word("id")
    return Query(ids=tuple(view["id"] for view in views_of(call.desk(), word)))


def _print(call: Call, query: Query, after: int) -> int:
    if call.options.follow:
        for news in call.desk().follow_always(query, after=after):
            _tell(call, news, alone=len(query.ids) == 1)
    for number, news in enumerate(call.desk().follow(query, after=after)):
        _tell(call, news, alone=len(query.ids) == 1)
        if news is None and number:  # the first says that the host listens, the next that everything so far was told
            break
    return exits.DONE


def _tell(call: Call, news: object, *, alone: bool) -> None:
    if isinstance(news, Event):
        call.output.item(as_json(news))
        columns = call.output.columns
        for line in [as_text(news)] if columns is None else on_screen(news, columns, alone=alone):
            call.output.line(line)


def as_json(event: Event) -> Json:
    """An event as every face of sendoff writes it."""
    return {
        "seq": event.seq,
        "id": event.id,
        "time": moment_text(event.time),
        "operation": event.operation or None,
        "batch": event.batch or None,
        "round": event.round,
        "type": event.type,
        "data": dict(event.data),
    }


def as_text(event: Event) -> str:
    """An event in one line for people."""
    return f"{event.seq:>6}  {moment_text(event.time)}  {event.operation or event.batch}  {event.type:<16}  {_words(event.data)}".rstrip()


def on_screen(event: Event, columns: int, *, alone: bool) -> list[str]:
    """The same on a terminal: what happened first, the rest folded below it. alone: only one operation was asked for, which needs no name."""
    parts = [f"{event.seq:>6}", moment_text(event.time), event.type, "" if alone else event.operation or event.batch, _words(event.data)]
    return folded(clean("  ".join(filter(None, parts))), columns, INDENT)


def _words(data: Mapping[str, Json]) -> str:
    """What is known beside; of an error what it says."""
    return " ".join(_word(name, value) for name, value in data.items() if value is not None).removesuffix(";")


def _word(name: str, value: Json) -> str:
    if name == "retry_in" and isinstance(value, int):
        return f"retry in {span(value / 1_000_000)}" if value else "retry at once"
    if name == "error" and isinstance(value, dict):
        return f"{value.get('message') or value.get('code')};"
    if name == "needs" and isinstance(value, dict):
        return f"needs you: {value.get('command') or value.get('what')}"
    return f"{name}={value if isinstance(value, str) else json.dumps(value)}"
