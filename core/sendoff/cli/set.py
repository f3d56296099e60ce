"""``sendoff set``: what operations are sent with, from the next request on."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from sendoff.cli.applied import SHOWN, told
from sendoff.cli.call import Call
from sendoff.cli.headers import SAFE_FORMS, headers, literal_secrets
from sendoff.cli.parser import Parser, pair
from sendoff.cli.put.requests import listed
from sendoff.cli.text import is_whole
from sendoff.errors import InvalidArgument
from sendoff.model.quantity import seconds
from sendoff.model.query import Applied, Order, Query, Selection


def arguments(parser: Parser, _command: str) -> None:
    """What can be changed."""
    option = parser.option
    option("--priority", choices=("high", "default", "low"), help="who goes first")
    option("--cost", choices=("unrestricted-only", "default", "always"), help="on which networks it may run")
    option("--header", metavar="'N: V'", action="append", default=[], help="instead of the header of that name; 'N:' removes it; @FILE or @- reads one a line")
    option("--header-secret", metavar="'N: V'", action="append", default=[], help="the same, kept sealed; V is env:VARIABLE or file:NAME, or @FILE")
    option("--credential", metavar="REF", help="who we are to the server; '' is nobody")
    option("--url", metavar="URL", help="send it there: another address on the same origin")
    option("--other-origin", action="store_true", help="--url may lie anywhere; then it begins anew, and what is secret must be given anew")
    option("--label", metavar="TEXT", help="a name for people")
    option("--meta", metavar="K=V", action="append", default=[], help="your own data; K= removes it, what is not named stays")
    option("--recoverable-errors", metavar="CODES", action="append", help="wait for me instead of failing with one of these: 403,410; '' is none")
    option("--patience", metavar="TIME", help="give up after this long without one newly confirmed byte: 90s, 5m, 12h, 3d")


def run(call: Call) -> int:
    """Carries ``set`` out."""
    if not call.words:
        raise InvalidArgument("sendoff set needs an id", hint="sendoff list shows the ids")
    details = _details(call)
    if not details:
        raise InvalidArgument("sendoff set needs something to set", hint="see sendoff set --help")
    _warn(call)
    more: dict[str, Any] = {"other_origin": True} if call.options.other_origin else {}
    if details.keys() & {"credential", "secret_headers"}:
        more["environment"] = dict(os.environ)
    applied = call.desk().order(Order(verb="set", details={**details, **more}), Selection(ids=tuple(call.words)))
    code = told(call, applied, "changed")
    _say_what_waits(call, applied)
    return code


def _say_what_waits(call: Call, applied: Applied) -> None:
    """What waits for a person does so until it is told to go on, whatever was set."""
    if call.output.json or call.output.quiet or not applied.ids:
        return
    page = call.desk().page(Query(ids=applied.ids[:SHOWN], statuses=("paused_recoverable",)), limit=SHOWN)
    for view in page.items:
        if view["needs"]:
            call.output.note(f"{view['number']} waits until you say: {view['needs']['command']}")


def _details(call: Call) -> dict[str, Any]:
    """The options that were given, by the names of a request's fields."""
    options = call.options
    given = [options.credential, options.url, options.label, *options.meta, *options.header, *options.header_secret]
    if not all(map(is_whole, filter(None, given))):
        raise InvalidArgument("a word of the command is not valid UTF-8")
    if options.other_origin and options.url is None:
        raise InvalidArgument("--other-origin says that --url may lie anywhere, and there is no --url")
    found = {
        "priority": options.priority,
        "cost_policy": options.cost,
        "headers": _changed(headers(options.header)) or None,
        "secret_headers": _changed(headers(options.header_secret)) or None,
        "destination": options.url,
        "credential": options.credential,
        "label": options.label,
        "metadata": {key: value or None for key, value in (pair(text, "=", "KEY=VALUE") for text in options.meta)} or None,
        "recoverable_errors": None if options.recoverable_errors is None else list(listed(options.recoverable_errors)),
        "patience": None if options.patience is None else round(seconds(options.patience) * 1_000_000),
    }
    return {name: value for name, value in found.items() if value is not None}


def _changed(pairs: Iterable[tuple[str, str]]) -> list[list[str | None]]:
    """One without a value only removes those of its name."""
    return [[name, value or None] for name, value in pairs]


def _warn(call: Call) -> None:
    given = [word for word in call.options.header_secret if word.partition(":")[2].strip()]
    for name in literal_secrets(given):
        call.output.warn(f"the secret {name} stands on the command line: {SAFE_FORMS}")
