"""``copy``: what a file holds, taken over before its upload gets an id."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sendoff.desk.incoming import BLOCK, incoming
from sendoff.desk.packing import Loose
from sendoff.errors import InvalidArgument, NoSpace, SourceMissing, SourceUnreadable, SourceUnsuitable
from sendoff.model.quantity import size_text
from sendoff.model.query import Question
from sendoff.model.source import SourceIdentity

if TYPE_CHECKING:
    from contextlib import ExitStack

    from sendoff.desk.contract import Desk
    from sendoff.desk.place import Place
    from sendoff.model.operation import Request

MOST_COPIES = 500  # of one call: each is an open file until it is stored


def check_room(desk: Desk, paths: Sequence[str]) -> None:
    """``NoSpace`` where the spool cannot take them all, before the first is copied."""
    if len(paths) > MOST_COPIES:
        raise InvalidArgument(f"{len(paths)} files are too many to be copied at once; at most {MOST_COPIES}", hint="put them some at a time")
    told, wanted = desk.ask(Question(what="spool")), sum(map(_size, paths))
    if told["used"] + wanted > told["limit"]:
        raise NoSpace(
            f"copies of {size_text(wanted)} do not fit: the spool holds {size_text(told['used'])} of {size_text(told['limit'])}; nothing was stored",
            hint="raise [limits] spool, or wait until uploads from it are done",
        )


@contextmanager
def copied(place: Place, request: Request) -> Iterator[Request]:
    """The request for a copy of its file, on disk as long as the block lasts; an operation that is created in it takes it over."""
    with incoming(place, request.source) as kept:
        file = _opened(request.source)
        try:
            kept.copy(file)
            found = SourceIdentity.of(os.fstat(file), "")
        finally:
            os.close(file)
        yield replace(request, spool=kept.name, taken=found)


def held(parts: Sequence[Loose], stack: ExitStack) -> list[Loose]:
    """The parts of a form with what their files hold now in place of the files. stack: closes what was opened."""
    return [_held(one, stack) if one.part.source is not None else one for one in parts]


def files_of(parts: Sequence[Loose]) -> list[str]:
    """The files of a form."""
    return [one.part.source.path for one in parts if one.part.source is not None]


def _held(one: Loose, stack: ExitStack) -> Loose:
    assert one.part.source is not None
    file = _opened(one.part.source.path)
    stack.callback(os.close, file)
    return Loose(replace(one.part, source=None), lambda: os.read(file, BLOCK))


def _opened(path: str) -> int:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as cause:
        raise SourceMissing(f"there is no file {path}") from cause
    except OSError as cause:
        raise SourceUnreadable(f"{path} cannot be read: {(cause.strerror or str(cause)).lower()}") from cause
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise SourceUnsuitable(f"{path} is no regular file; only one can be uploaded")
    return file


def _size(path: str) -> int:
    """Bytes of a file; what is wrong with it is told by whoever opens it."""
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
