"""``sendoff host start --adopt`` and ``--recover``: a journal from another machine, and a damaged one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sendoff.cli.call import Call
from sendoff.desk.lock import Lock
from sendoff.desk.place import Place
from sendoff.errors import InvalidState, StoreRefused
from sendoff.model.query import Query
from sendoff.model.salvage import Salvage
from sendoff.ports.store import Salvaging, Store

NAMES = {"operation": "operation", "event": "event", "checkpoint": "checkpoint", "todo": "to-do", "note": "note"}
COUNTED = ("operation", "event", "checkpoint")  # of these it is known about how many there were
SHOWN = 20


def rescue(call: Call) -> None:
    """What the options of ``host start`` ask for, before a host is started."""
    call.place.prepare()
    with _alone(call.place) as store:
        if call.options.recover:
            _recover(call, store)
        if call.options.adopt:
            _adopt(call, store)


@contextmanager
def _alone(place: Place) -> Iterator[Store]:
    """The journal's store, while no host can have it."""
    from sendoff.bootstrap import journal_of

    role = Lock(place.lock)
    if not role.take(0.25):
        raise InvalidState(f"a host (pid {role.holder().get('pid')}) works with the journal in {place.state}", hint="end it first: sendoff host stop")
    try:
        store, _ = journal_of(folder=Path(place.state), config_file=Path(place.config), environ=os.environ)
        try:
            yield store
        finally:
            store.close()
    finally:
        role.release()


def _salvaging(store: Store) -> Salvaging:
    if not isinstance(store, Salvaging):
        raise InvalidState(f"{type(store).__name__} cannot take over or save a journal", hint="see its own documentation")
    return store


# -- from another machine -------------------------------------------------------------------------------------------------


def _adopt(call: Call, store: Store) -> None:
    before = _machine_of(store)
    if before is None:
        call.output.note("the journal is this machine's already")
        return
    opened = _salvaging(store).adopt()
    open_ones = len(store.find(Query(open=True), limit=1000).items)
    call.output.item({"adopted": opened.journal, "from": before, "machine": opened.machine})
    many = f"{open_ones}{'+' if open_ones == 1000 else ''} of its uploads have not ended and go on here"
    many = {0: "all of its uploads have ended", 1: "one of its uploads has not ended and goes on here"}.get(open_ones, many)
    call.output.note(f"the journal was machine {before}'s and is this machine's now; {many}")
    if open_ones:
        call.output.note("their files must be here at the same paths, and sealed secrets need the key file of that machine (see sendoff host status)")
    call.output.warn("a host that still runs there with a copy of this journal sends the same: end it, or what both send arrives twice")


def _machine_of(store: Store) -> str | None:
    """The other machine whose journal it is; None when it is ours."""
    try:
        store.open()
    except StoreRefused as error:
        if "machine" not in error.facts:
            raise
        return str(error.facts["machine"])
    return None


# -- damaged --------------------------------------------------------------------------------------------------------------


def _recover(call: Call, store: Store) -> None:
    salvage = _salvaging(store).recover()
    call.output.item(_as_json(salvage))
    if not salvage.kept:
        call.output.note("the journal is sound; nothing was changed")
        return
    call.output.line(f"saved    {_listed(salvage.saved) or 'nothing'}")
    for kind, most in salvage.unreadable.items():
        call.output.line(f"lost     {f'about {most}' if kind in COUNTED else 'some'} {NAMES.get(kind, kind)}s that could not be read")
    for id in salvage.lost[:SHOWN]:
        call.output.line(f"lost     operation {id}")
    if len(salvage.lost) > SHOWN:
        call.output.line(f"lost     and {len(salvage.lost) - SHOWN} more operations; --json names them all")
    for id in salvage.uncertain:
        call.output.line(f"ended    operation {id}: it may have been sent, and must not be sent twice; look at the server, then: sendoff retry {id}")
    call.output.line(f"kept     {salvage.kept}, the damaged one as it was")


def _as_json(salvage: Salvage) -> dict[str, object]:
    return {
        "journal": salvage.journal, "kept": salvage.kept or None, "saved": dict(salvage.saved), "unreadable": dict(salvage.unreadable),
        "lost": list(salvage.lost), "uncertain": list(salvage.uncertain),
    }  # fmt: skip


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {NAMES.get(kind, kind)}{'' if count == 1 else 's'}" for kind, count in counts.items() if count)
