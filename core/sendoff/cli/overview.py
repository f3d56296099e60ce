"""Bare ``sendoff``: what runs, what waits and for what, what needs somebody, what has failed and nobody has seen to."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sendoff.cli import exits
from sendoff.cli.advice import unblocked_by, why
from sendoff.cli.call import Call
from sendoff.cli.text import aligned, cells, cut, name_of, shortened, span
from sendoff.cli.watch.glance import waits_text
from sendoff.cli.watch.kind import PAUSED
from sendoff.cli.watch.tally import TRIED_AGAIN, as_told, passed
from sendoff.errors import Json
from sendoff.model.quantity import size_text
from sendoff.model.query import Query, Question, View

if TYPE_CHECKING:
    from sendoff.desk.contract import Desk
    from sendoff.desk.place import Place

SHOWN = 5  # of each kind
LOOKED_AT = 50
NAME = 24
OURS = frozenset({"host.sock", "host.lock", "start.lock", "host.log"})  # what stands in a state folder before anything was put


class Part(NamedTuple):
    """One kind of operations, the first of them. number: how many were found; more: there are others, which nobody has counted."""

    views: Sequence[View]
    number: int = 0
    more: bool = False

    @property
    def counted(self) -> str:
        """``3``, ``more than 50``."""
        return f"more than {self.number}" if self.more else str(self.number)


def run(call: Call) -> int:
    """Prints the overview. Where nothing was ever put, no host is started to say so."""
    if not _begun(call.place):
        call.output.item(_as_object({"statuses": {}, "reasons": {}, "total_bytes": 0, "sent_bytes": 0}, {}))
        _greet(call)
        return exits.DONE
    desk = call.desk()
    told = desk.ask(Question(what="open"))
    parts = {name: _part(desk, name) for name in _QUERIES}
    call.output.item(_as_object(told, parts))
    for line in _lines(told, parts):
        call.output.line(cut(line, call.output.columns or cells(line)))
    if not told["statuses"] and not parts["failed"].views:
        call.output.line("nothing is running, waiting or failed")
        _tell_of_ended(call)
    else:
        call.output.note("sendoff watch shows them as they go on, sendoff show N says all about one")
    return exits.DONE


_QUERIES = {
    "running": Query(statuses=("running",)),
    "again": Query(statuses=("running",)),
    "queued": Query(statuses=("idle",)),
    "held": Query(statuses=(*PAUSED, "paused_recoverable")),
    "needs": Query(statuses=("paused_recoverable",)),
    "failed": Query(statuses=("error",), listed=True),
}


def _begun(place: Place) -> bool:
    """Whether there is anything that a host could tell of."""
    try:
        return not OURS.issuperset(os.listdir(place.state))
    except OSError:
        return False


def _part(desk: Desk, name: str) -> Part:
    page = desk.page(_QUERIES[name], limit=LOOKED_AT)
    views = [view for view in page.items if _kind(view) == name]
    return Part(_one_a_reason(views) if name in ("queued", "held") else views[:SHOWN], len(views), page.next is not None)


def _kind(view: View) -> str:
    if view["status"] == "running":
        return "again" if view["reason"] in TRIED_AGAIN else "running"
    if view["status"] in ("error", "idle"):
        return "failed" if view["status"] == "error" else "queued"
    return "needs" if view["status"] == "paused_recoverable" and view["reason"] != "source_unavailable" else "held"


def _one_a_reason(views: Sequence[View]) -> Sequence[View]:
    """The first of those that wait for the same."""
    firsts: dict[str, View] = {}
    for view in views:
        firsts.setdefault(view["reason"] or view["status"], view)
    return list(firsts.values())


def _tell_of_ended(call: Call) -> None:
    """Of those that nobody has seen the end of, how many there are; without any, how to begin."""
    page = call.desk().page(Query(statuses=("completed",), listed=True), limit=LOOKED_AT)
    if not page.items:
        _greet(call)
        return
    number = f"more than {LOOKED_AT}" if page.next is not None else str(len(page.items))
    call.output.line(f"{number} {'has' if number == '1' else 'have'} completed; sendoff list shows {'it' if number == '1' else 'them'}")


def _greet(call: Call) -> None:
    call.output.line("to begin: sendoff put a.iso https://server.example/incoming/    (sendoff --help lists the commands)")


def _lines(told: Json, parts: Mapping[str, Part]) -> Iterator[str]:
    tally = as_told(told)
    if tally.running:
        yield f"{tally.running} running; {size_text(tally.sent)} of {size_text(tally.bytes)} are sent of all that is unfinished"
        yield from _rows(parts["running"], _moving, "sendoff list --status running")
    if tally.waits:
        yield f"{sum(tally.waits.values())} waiting: {', '.join(waits_text(tally.waits))}"
        yield from _rows(parts["again"], _waiting, "sendoff list --status running")
        yield from _rows(Part(parts["queued"].views, len(parts["queued"].views)), _held, "")
        yield from _rows(Part(parts["held"].views, len(parts["held"].views)), _held, "")
    if parts["needs"].views:
        yield f"{tally.person} need{'s' if tally.person == 1 else ''} you; only you can help on"
        yield from _rows(parts["needs"], _helped, "sendoff list --status paused_recoverable")
    if parts["failed"].views:
        yield f"{parts['failed'].counted} failed; sendoff cancel --failed takes off this list what you give up"
        yield from _rows(parts["failed"], _helped, "sendoff list --failed; sendoff retry --failed tries all of them again")


def _rows(part: Part, described: Callable[[View], str], command: str) -> Iterator[str]:
    table = [(f"{view['number']:>6}", shortened(name_of(view), NAME), described(view)) for view in part.views]
    yield from aligned(table) if table else ()
    if part.more or part.number > len(part.views):
        yield f"        and more: {command}"


def _moving(view: View) -> str:
    """How far it is."""
    progress = view["progress"]
    size = progress["total_bytes"]
    words = [f"{100 * passed(progress) // size if size else 100}% of {size_text(size)}"]
    words += [f"{size_text(progress['rate'])}/s"] if progress["rate"] else []
    words += [f"{span(progress['eta'])} left"] if progress["eta"] is not None else []
    return ", ".join(words)


def _waiting(view: View) -> str:
    """What it waits for."""
    return f"{view['reason']}: {why(view)}"


def _held(view: View) -> str:
    """What would help it on, and what it waits for; others may wait for the same."""
    help, word = unblocked_by(view), "paused" if view["status"] == "paused_by_application" else view["reason"] or "not started"
    if help is None or not help.startswith("sendoff "):
        return "; ".join(filter(None, (f"{word}: {why(view)}", help)))
    return f"{help}    {word}: {why(view)}"


def _helped(view: View) -> str:
    """The command that helps, and what is wrong."""
    error = view["error"] or {}
    wrong = error.get("message") or why(view) or view["status"]
    if view["needs"]:
        return "    ".join(filter(None, (view["needs"]["command"], "; ".join(filter(None, (wrong, error.get("hint")))))))
    return f"{unblocked_by(view) or 'sendoff show ' + str(view['number'])}    {wrong}"


def _as_object(told: Json, parts: Mapping[str, Part]) -> Json:
    tally = as_told(told)
    named = {name: list(parts[name].views) if name in parts else [] for name in _QUERIES}
    return {
        "schema": 1, "type": "overview", "open": tally.open, "running": tally.running, "waits": dict(tally.waits), "needs_person": tally.person,
        "total_bytes": tally.bytes, "sent_bytes": tally.sent, "operations": named,
    }  # fmt: skip
