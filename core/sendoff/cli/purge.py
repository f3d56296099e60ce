"""``sendoff purge``: remove everything of one app from this machine."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.parser import Parser
from sendoff.cli.text import count
from sendoff.errors import HostUnavailable, InvalidArgument, Json, SendoffError
from sendoff.model.quantity import size_text
from sendoff.model.query import Question

if TYPE_CHECKING:
    from sendoff.desk.service import Service
    from sendoff.host.purge import Purge, Purged

SHOWN = 10


def arguments(parser: Parser, _command: str) -> None:
    """Whether it is meant."""
    parser.option("--yes", action="store_true", help="do not ask")


def run(call: Call) -> int:
    """Carries ``purge`` out."""
    from sendoff.host.purge import NOTHING, Purge, Purged

    call.no_words()
    there, service = os.path.isdir(call.place.state), _service(call)
    if not (there or service):
        call.output.note(f"there is nothing of {call.place.app}: {call.place.state} does not exist")
        return _told(call, Purged(), NOTHING)
    purge = Purge(call.place, os.environ)
    lost = _looked(call, purge) if there else NOTHING
    _tell(call, lost)
    _confirm(call)
    _uninstall(call, service)
    return _told(call, _purged(call, purge) if there else Purged(), lost)


# -- before -----------------------------------------------------------------------------------------------------------


def _service(call: Call) -> Service | None:
    """The unit that starts its host, which goes too."""
    from sendoff.desk.service import service_of

    service = service_of(call.place, os.environ)
    if service is not None and service.system and os.geteuid() != 0:
        raise InvalidArgument(f"{service.path} starts a host for {call.place.state}, and only root may remove it", hint="sudo sendoff host uninstall --system")
    return service


def _looked(call: Call, purge: Purge) -> Json:
    """What would be lost: the host says it, or where none runs the journal itself; None when neither can."""
    try:
        return call.desk(spawn=False).ask(Question(what="remains"))
    except SendoffError as error:
        if isinstance(error, HostUnavailable) and _runs(call):
            call.output.warn(f"what would be lost cannot be said: {error.message}")
            return None
    try:
        with purge.held():
            return purge.remains()
    except SendoffError as error:
        call.output.warn(f"what would be lost cannot be said: {error.message}")
        return None


def _runs(call: Call) -> bool:
    from sendoff.desk.lock import Lock

    return not Lock(call.place.lock).wait_free(0)


def _tell(call: Call, lost: Json) -> None:
    place, output = call.place, call.output
    if lost is None:
        return
    if lost["open"]:
        words = ", ".join(f"{number} {status}" for status, number in lost["statuses"].items())
        output.warn(f"{'more than ' if lost['more'] else ''}{count(lost['open'], 'upload')} of {place.app} not ended yet: {words}")
    if lost["at_servers"]:
        output.warn(f"of {count(lost['at_servers'], 'upload')} something half-done lies at a server, and stays there; sendoff cancel removes it first")
    if not (lost["open"] or lost["at_servers"]):
        output.note(f"nothing of {place.app} is unfinished")


def _confirm(call: Call) -> None:
    """On a terminal the name of the app is typed; elsewhere somebody has to have meant it."""
    if call.options.yes:
        return
    app, state = call.place.app, call.place.state
    if call.output.json or not sys.stdin.isatty():
        raise InvalidArgument(f"sendoff purge removes everything of {app} in {state}; it asks only on a terminal", hint="--yes means it")
    sys.stderr.write(f"This removes everything of {app} in {state}.\nType its name ({app}) to go on: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != app:
        raise InvalidArgument("nothing was removed")


# -- and then ---------------------------------------------------------------------------------------------------------


def _uninstall(call: Call, service: Service | None) -> None:
    if service is not None:
        from sendoff.cli.host.unit import remove
        from sendoff.host.unit import Unit

        remove(call, Unit(place=call.place, service=service, interpreter=sys.executable, environment={}))
        call.output.note(f"removed {service.path}")


def _purged(call: Call, purge: Purge) -> Purged:
    with purge.held(call.desk(spawn=False).stop):
        return purge.run()


def _told(call: Call, purged: Purged, lost: Json) -> int:
    known = lost or {"open": None, "at_servers": None}
    call.output.item(
        {"files": purged.files, "bytes": purged.bytes, "open": known["open"], "at_servers": known["at_servers"], "left": purged.left, "key": purged.key}
    )
    if purged.files:
        call.output.note(f"removed {count(purged.files, 'file')} of {call.place.app}, {size_text(purged.bytes)}")
    if purged.key:
        call.output.note(purged.key)
    for path in purged.left[:SHOWN]:
        call.output.note(f"left alone, as it is not sendoff's: {path}")
    if len(purged.left) > SHOWN:
        call.output.note(f"and {len(purged.left) - SHOWN} more")
    return exits.DONE
