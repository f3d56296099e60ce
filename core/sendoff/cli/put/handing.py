"""Handing over what was named, all of it or nothing, and how a command goes on after that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from sendoff.cli import exits
from sendoff.cli.call import Call
from sendoff.cli.headers import SAFE_FORMS, literal_secrets
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import Asking
from sendoff.cli.put.taking import Taking
from sendoff.cli.put.walk import Found
from sendoff.cli.text import folded
from sendoff.errors import SendoffError, SourceMissing

if TYPE_CHECKING:
    from sendoff.model.operation import Request


def warn_of_secrets(call: Call) -> None:
    """A secret that others could read."""
    for name in literal_secrets(call.options.header_secret):
        call.output.warn(f"the secret {name} stands on the command line: {SAFE_FORMS}")


def from_input(call: Call, asked: Asking, verb: str = "put") -> Taking:
    """Everything else is checked before the first byte is read: there may be very many, and no second time to read them."""
    from sendoff.desk.incoming import incoming
    from sendoff.desk.room import Room

    taking, nothing = Taking(call, Refusals(), Counter(), verb=verb), [Found("", None)]
    with incoming(call.place, room=Room(call.desk)) as file:
        taking.check(nothing, lambda one: replace(asked(one), source=file.path))
        if not taking.refusals and not call.options.dry_run:
            file.fill()
        take(call, taking, nothing, lambda one: replace(asked(one), spool=file.name))
    return taking


def take(call: Call, taking: Taking, files: Sequence[Found], asked: Asking) -> None:
    """All of them, or none."""
    taking.refuse()
    if call.options.dry_run:
        taking.tell_plan()
        return
    taking.store(files, asked)
    if taking.refusals:
        taking.tell()
        taking.refuse()


def take_copies(call: Call, taking: Taking, files: Sequence[Found], asked: Asking) -> None:
    """As ``take``, of copies: all is checked before the first is made, and all are made before the first is stored."""
    from sendoff.desk.copying import check_room

    files = taking.check(files, asked)
    taking.refuse()
    if call.options.dry_run:
        taking.tell_plan()
        return
    check_room(call.desk(), [one.path for one in files])
    with ExitStack() as stack:
        copies = iter([_copied(call, one, asked, stack) for one in files])
        take(call, taking, files, lambda _: next(copies))


def _copied(call: Call, one: Found, asked: Asking, stack: ExitStack) -> Request:
    from sendoff.desk.copying import copied

    try:
        return stack.enter_context(copied(call.place, asked(one)))
    except SourceMissing:
        if not one.walked:
            raise
        return asked(one)  # nobody named it: the host says that it vanished


def ended(call: Call, taking: Taking, destination: str) -> int:
    """What is said of it, and the exit code; with ``--wait`` the command stays until all have ended."""
    if call.options.dry_run:
        return exits.DONE
    if call.output.person and not call.options.wait:
        _tell_person(call, taking, destination)
        return exits.DONE
    taking.tell()
    return _waited(call, taking.ids) if call.options.wait else exits.DONE


def _tell_person(call: Call, taking: Taking, destination: str) -> None:
    """How it stands, in one line, and what else needs him; one about all that was put stands before it where there is more to say."""
    from sendoff.cli.put.afterwards import of_many, of_one, of_others

    line = others = None
    with suppress(SendoffError):  # it is put, and this is a courtesy
        if len(taking.ids) == 1:
            line = of_one(call.desk(), taking.ids[0])
        elif taking.queued > 1 and taking.new is not None:
            line = of_many(call.desk(), taking.new, taking.queued, destination)
        others = of_others(call.desk(), taking.ids)
    if line is None or len(taking.ids) > 1 or taking.without():
        taking.tell()
    for said in filter(None, (line, others)):
        _note(call, said)


def _note(call: Call, line: str) -> None:
    """Where the line does not fit, the command that helps gets one of its own, whole and easy to copy."""
    head, _, command = line.rpartition("; ")
    width = call.output.columns or len(line)
    if head and len(line) > width:
        for piece in folded(head, width, 2):
            call.output.note(piece)
        call.output.note(f"  {command}")
    else:
        call.output.note(line)


def _waited(call: Call, ids: Sequence[str]) -> int:
    from sendoff.cli.waiting import Waiting

    waiting = Waiting(call, results=call.output.note, failures=call.output.trouble)
    return waiting.until_ended(waiting.looked_up(ids))
