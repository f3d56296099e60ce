"""What a program hands over: a path, bytes, or something that can be read once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from typing import Any, Protocol, TypeGuard

from sendoff.desk.incoming import BLOCK, incoming
from sendoff.desk.place import Place
from sendoff.desk.room import Room
from sendoff.errors import InvalidArgument, SourceMissing, SourceUnsuitable
from sendoff.model.operation import Request


class Readable(Protocol):
    """A binary object that can be read: an open file, a socket's file, an answer of the web."""

    def read(self, size: int = ..., /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


UploadSource = str | os.PathLike[str] | bytes | bytearray | memoryview | Readable


def is_path(source: UploadSource) -> TypeGuard[str | os.PathLike[str]]:
    """Whether it names a file, which is read when it is sent."""
    return isinstance(source, str | os.PathLike)


def request_of(source: str | os.PathLike[str], destination: str, fields: Mapping[str, Any], *, only_new: bool = False) -> Request:
    """The request for a file."""
    check_destination(destination)
    path = absolute(source)
    return Request(source=path, destination=destination, only_new=_as_seen(path) if only_new else None, **fields)


@contextmanager
def kept(
    place: Place, source: UploadSource, destination: str, fields: Mapping[str, Any], room: Room, *, only_new: bool = False,
    check: Callable[[Request], None] | None = None,
) -> Iterator[Request]:  # fmt: skip
    """The request for bytes or a stream, which are on disk as long as the block lasts; an operation that is created in it takes them over.

    room: what the spool still takes. check: looks at everything but the content before a stream is read, because there is no second time to read it.
    """
    check_destination(destination)
    read = reading(source)
    if only_new:
        raise InvalidArgument("only_new looks at a file's size and time; bytes and streams have none")
    for name in ("offset", "length", "then"):
        if fields.get(name) not in (None, 0):
            raise InvalidArgument(f"{name}: it is said of a file; bytes and streams go whole, and nothing of them is left behind")
    if destination.endswith("/") or (destination.endswith(":") and "/" not in destination):
        raise InvalidArgument(f"bytes and streams have no name to put below {destination}", hint="write the whole target: it must not end with /")
    with incoming(place, "the source", room) as file:
        if check is not None:
            check(Request(source=file.path, destination=destination, **fields))
        file.fill_from(read)
        yield Request(spool=file.name, destination=destination, **fields)


def check_destination(destination: object) -> None:
    """``InvalidArgument`` for what cannot be an address."""
    if not isinstance(destination, str):
        raise InvalidArgument(f"the destination {destination!r} is no text; write scheme://host/path or NAME:path")


def absolute(source: str | os.PathLike[str]) -> str:
    """The whole path of a file; ``SourceMissing``, ``SourceUnsuitable``."""
    path = os.fsdecode(os.fspath(source))
    if not path:
        raise SourceMissing("the name of the file is empty")
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SourceUnsuitable(f"the name of {path!r} is not valid UTF-8", hint="rename it, or hand the open file over") from None
    return os.path.abspath(path)


def _as_seen(path: str) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError as cause:
        raise SourceMissing(f"there is no file {path}" if isinstance(cause, FileNotFoundError) else f"{path}: {cause.strerror}") from cause
    return found.st_size, found.st_mtime_ns


class Measured:
    """A stream of which somebody said how long it is; ``InvalidArgument`` where that is not so."""

    def __init__(self, stream: Readable, length: int) -> None:
        self._read, self._length, self._count = reading(stream), length, 0

    def read(self, size: int = BLOCK, /) -> bytes:  # noqa: ARG002 - whatever a block has
        """The next bytes."""
        block = self._read()
        self._count += len(block)
        if self._count > self._length or (not block and self._count < self._length):
            there = f"ends after {self._count}" if not block else "has more"
            raise InvalidArgument(f"the stream {there}, and length says {self._length} bytes; nothing is stored")
        return block


def reading(source: object) -> Callable[[], bytes]:
    """What gives bytes or a stream block by block; ``InvalidArgument`` for what is neither."""
    if isinstance(source, bytes | bytearray | memoryview):
        source = BytesIO(source)
    read = getattr(source, "read", None)
    if not callable(read):
        raise InvalidArgument(f"a {type(source).__name__} cannot be uploaded; hand over a path, bytes or a binary file")

    def block() -> bytes:
        found = read(BLOCK)
        if not isinstance(found, bytes | bytearray | memoryview):
            what = "text; open it with mode 'rb'" if isinstance(found, str) else f"{found!r}, which is no bytes"
            raise InvalidArgument(f"the source gives {what}")
        return bytes(found)

    return block
