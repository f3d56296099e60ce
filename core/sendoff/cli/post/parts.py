"""From the fields of a command line to the parts of a form, what they hold still to be read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sendoff.cli.post.field import INPUT, Field
from sendoff.cli.text import is_whole
from sendoff.desk.incoming import BLOCK
from sendoff.desk.packing import Loose
from sendoff.errors import InvalidArgument, SourceMissing, SourceUnreadable, SourceUnsuitable
from sendoff.model.source import Part, Source


def loose(fields: Sequence[Field], stack: ExitStack) -> list[Loose]:
    """The parts, in their order; ``InvalidArgument`` and its kin. stack: closes what was opened."""
    return [_loose(one, stack) for one in fields]


def _loose(one: Field, stack: ExitStack) -> Loose:
    if not is_whole(one.word) or not all(is_whole(value) for pair in one.headers for value in pair):
        raise InvalidArgument(f"-F {one.word!r}: it is not valid UTF-8")
    headers = (*one.headers, *((("Content-Type", one.type),) if one.type else ()))
    if one.how == "text":
        return Loose(Part(name=one.name, filename=one.filename, headers=headers), one.value.encode())
    if one.how == "content":
        return Loose(Part(name=one.name, headers=headers), _from_input if one.value == INPUT else _from_file(one.value, stack))
    filename = one.filename if one.filename is not None else os.path.basename(one.value)
    if one.value == INPUT:
        return Loose(Part(name=one.name, filename=filename, headers=headers), _from_input)
    return Loose(Part(name=one.name, filename=filename, headers=headers, source=Source(path=os.path.abspath(one.value))))


def _from_input() -> bytes:
    return os.read(0, BLOCK)


def _from_file(path: str, stack: ExitStack) -> Callable[[], bytes]:
    """What gives a file block by block; it is opened now, so that one that is not there is told before anything else."""
    try:
        file = stack.enter_context(open(path, "rb", buffering=0))  # noqa: SIM115 - the stack closes it
    except FileNotFoundError as cause:
        raise SourceMissing(f"there is no file {path}") from cause
    except IsADirectoryError as cause:
        raise SourceUnsuitable(f"{path} is a directory; only a regular file can be uploaded") from cause
    except OSError as cause:
        raise SourceUnreadable(f"{path} cannot be read: {(cause.strerror or str(cause)).lower()}") from cause
    return lambda: file.read(BLOCK) or b""
