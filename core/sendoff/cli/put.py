"""``sendoff put``: hand files over; all of them, or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.headers import SAFE_FORMS, literal_secrets
from sendoff.cli.parser import Parser
from sendoff.cli.requests import INPUT, requests
from sendoff.cli.text import count
from sendoff.errors import InvalidArgument, Refused, SendoffError

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk
    from sendoff.model.operation import Request
    from sendoff.model.query import Created

SLICE = 1000  # so many are stored in one transaction
SHOWN = 10


def arguments(parser: Parser, _command: str) -> None:
    """The options of ``put``."""
    option = parser.option
    option("--method", metavar="VERB", help="HTTP method (default: PUT)")
    option("--header", metavar="'N: V'", action="append", default=[], help="send this header; @FILE or @- reads one a line")
    option("--header-secret", metavar="'N: V'", action="append", default=[], help="the same, kept sealed; V is env:VARIABLE or file:NAME, or @FILE")
    option("--credential", metavar="REF", help="who we are to the server: driver:name, or a [credentials] section")
    option(
        "--idempotency-key",
        metavar="HEADER",
        help="each try carries the same key, so that the server drops repeats; another header: with =",
    )
    parser.alone["--idempotency-key"] = "Idempotency-Key"
    option("--retry-unsafe", action="store_true", help="send a POST again even when it may have been carried out")
    option("--id", help="your own id for it: putting the same again gives the same operation")
    option("--group", metavar="NAME", help="put it into this group")
    option("--priority", choices=("high", "default", "low"), default="default", help="who goes first")
    option("--cost", choices=("unrestricted-only", "default", "always"), default="default", help="on which networks it may run")
    option("--label", metavar="TEXT", help="a name for people")
    option("--meta", metavar="K=V", action="append", default=[], help="your own data, kept with it and found again by list --meta")
    option("--patience", metavar="TIME", help="give up after this long without one newly confirmed byte: 90s, 5m, 12h, 3d")
    option("--wait", action="store_true", help="stay until it has ended; the exit code says how")
    option("--here", action="store_true", help="this process does the work and stays until all have ended: for containers and CI")
    option("--dry-run", action="store_true", help="check everything, store nothing")


def run(call: Call) -> int:
    """Carries ``put`` out."""
    if len(call.words) < 2:
        raise InvalidArgument("sendoff put needs a file and a destination", hint="sendoff put FILE... DESTINATION, where a destination is a URL or NAME:path")
    asked = requests(call.options, call.words[:-1], call.words[-1])
    _warn(call)
    created = _from_input(call, asked) if INPUT in call.words[:-1] else _created(call, asked)
    if call.options.wait and not call.options.dry_run:
        return _waited(call, created)
    return exits.DONE


def _warn(call: Call) -> None:
    for name in literal_secrets(call.options.header_secret):
        call.output.warn(f"the secret {name} stands on the command line: {SAFE_FORMS}")


def _from_input(call: Call, asked: Sequence[Request]) -> list[Created]:
    """Everything else is checked before the first byte is read: there may be very many, and no second time to read them."""
    from sendoff.cli.incoming import incoming

    with incoming(call.place) as file:
        checked = _taken(call.desk(), [replace(one, source=one.source or file.path) for one in asked], dry_run=True)
        if call.options.dry_run:
            return _told(call, asked, checked)
        file.fill()
        return _created(call, [one if one.source else replace(one, spool=file.name) for one in asked])


def _created(call: Call, asked: Sequence[Request]) -> list[Created]:
    desk = call.desk()
    if call.options.dry_run:
        return _told(call, asked, _taken(desk, asked, dry_run=True))
    if len(asked) > SLICE:
        _taken(desk, asked, dry_run=True)
    return _told(call, asked, _taken(desk, asked, dry_run=False))


def _taken(desk: Desk, asked: Sequence[Request], *, dry_run: bool) -> list[Created]:
    """All of them, or the error of the first that was refused; the others are named as candidates."""
    created: list[Created] = []
    errors: list[SendoffError] = []
    for answer in desk.create(iter(asked), dry_run=dry_run, together=True):
        errors.append(answer) if isinstance(answer, SendoffError) else created.append(answer)
    if errors:
        raise _first(errors)
    return created


def _first(errors: Sequence[SendoffError]) -> SendoffError:
    # those that were refused only because of another one in the batch are answered Refused
    own = [error for error in errors if not isinstance(error, Refused)] or list(errors)
    more = [error.message for error in own[1:SHOWN]] + ([f"and {len(own) - SHOWN} more"] if len(own) > SHOWN else [])
    if more:
        own[0].facts["candidates"] = more
    return own[0]


def _told(call: Call, asked: Sequence[Request], created: list[Created]) -> list[Created]:
    for request, one in zip(asked, created, strict=True):
        if one.warning:
            call.output.warn(one.warning)
        call.output.item(dict(_as_json(call, request, one)))
        if call.options.dry_run:
            call.output.line(f"would put {request.source or 'standard input'} to {one.url}")
        else:
            call.output.line(one.id)
            call.output.detail(f"{one.id} is number {one.number}: {request.source or 'standard input'} to {one.url}")
    _told_about_batch(call, created)
    return created


def _as_json(call: Call, request: Request, one: Created) -> Iterator[tuple[str, object]]:
    if call.options.dry_run:
        yield from {"schema": 1, "dry_run": True, "source": request.source, "url": one.url}.items()
    else:
        yield from {"schema": 1, "id": one.id, "number": one.number, "batch": one.batch, "url": one.url, "existing": one.existing}.items()


def _told_about_batch(call: Call, created: Sequence[Created]) -> None:
    if call.options.dry_run:
        call.output.note(f"{count(len(created), 'upload')} checked, nothing stored")
        return
    old = sum(one.existing for one in created)
    if old:
        call.output.note(f"{count(old, 'operation')} was there already" if old == 1 else f"{old} operations were there already")
    if old < len(created):
        new = next(one for one in created if not one.existing)
        call.output.note(f"batch {new.batch}: {count(len(created) - old, 'operation')} queued")


def _waited(call: Call, created: Sequence[Created]) -> int:
    from sendoff.cli.waiting import Waiting

    waiting = Waiting(call, results=call.output.note)
    return waiting.until_ended(waiting.looked_up([one.id for one in created]))
