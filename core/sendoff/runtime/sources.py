"""What is to be sent, looked at once in the process that owns the journal."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_hex

from sendoff.errors import InvalidArgument, SourceUnreadable
from sendoff.model.form import content_type
from sendoff.model.operation import Request
from sendoff.model.source import Source, SourceIdentity
from sendoff.runtime.form import body_of
from sendoff.runtime.parts import Parts, Whole
from sendoff.runtime.reader import mount_of, open_source
from sendoff.runtime.spool import Spool


def random_boundary() -> str:
    """What nobody can guess stands in no file; nobody need look."""
    return f"sendoff-{token_hex(16)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A source that was looked at. spools: copies to be adopted with it, by name. headers: that it is sent with. hidden: what parts of it hold that is
    to be sealed, in base64, by their place."""

    source: Source
    spools: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    hidden: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class Sources:
    """Looks at files, copies and forms. boot: this boot's id. new_boundary: makes what stands between the parts of a form."""

    spool: Spool
    boot: str
    new_boundary: Callable[[], str] = random_boundary
    _mounts: dict[tuple[str, int], str] = field(default_factory=dict)

    def of(self, request: Request) -> Taken:
        """The source of a request; ``InvalidArgument`` and its kin say what is wrong with it."""
        if request.form is not None:
            return self._form(Parts(self.look, self.new_boundary, self._copy).whole(request.form))
        if request.spool is None:
            return Taken(source=_cut(self.look("file", request.source), request))
        copy = _cut(self.look("spool", request.spool), request)
        return Taken(source=self._copied(copy, request), spools=(request.spool,))

    @staticmethod
    def again(request: Request, known: Source) -> Taken:
        """The source of a request whose file is gone, as it was: enough to tell whether the same is asked for."""
        return Taken(source=_cut(replace(known, path=os.path.realpath(request.source), offset=0, length=None), request))

    def look(self, kind: str, name: str) -> Source:
        """A file by its path, or what a client has spooled by its name. A link is followed now: what it means later is no matter."""
        path = name if kind == "file" else str(self.spool.path(name))
        check_path(path)
        found = _readable(path)
        if kind != "file":
            path = str(self.spool.target(name))
        elif (itself := os.path.realpath(path)) != path:
            path, found = itself, _readable(itself)
        folder = (os.path.dirname(path), found.st_dev)
        if folder not in self._mounts:
            self._mounts[folder] = mount_of(path)
        return Source(kind=kind, path=path, mount=self._mounts[folder], identity=SourceIdentity.of(found, self.boot))

    def _copied(self, copy: Source, request: Request) -> Source:
        """A copy of a file, where it is one, tells of which."""
        if request.taken is None:
            return copy
        check_path(request.source)
        return replace(copy, origin=os.path.realpath(request.source), taken=replace(request.taken, boot=self.boot))

    def _copy(self, name: str) -> str:
        return str(self.spool.path(name))

    @staticmethod
    def _form(whole: Whole) -> Taken:
        source = Source(kind="form", path="", identity=body_of(whole.size), form=whole.form)
        return Taken(source=source, spools=whole.spools, headers=(("Content-Type", content_type(whole.form)),), hidden=whole.hidden)


def check_path(path: str) -> None:
    """``InvalidArgument`` for what cannot be a whole path."""
    if not os.path.isabs(path) or "\0" in path:
        raise InvalidArgument(f"{path!r} is not an absolute path")


def _cut(source: Source, request: Request) -> Source:
    """The bytes of it that are asked for; ``InvalidArgument`` where it has them not."""
    offset, length = request.offset, request.length
    if not offset and length is None:
        return source
    rest = source.size - offset
    length = max(rest, 0) if length is None else length
    if offset < 0 or length < 0:
        raise InvalidArgument(f"offset {offset}, length {length}: neither is less than 0")
    what = request.source or "the source"
    if rest < 0:
        raise InvalidArgument(f"{what}: offset {offset} lies past its end ({source.size} bytes)")
    if rest < length:
        raise InvalidArgument(f"{what} has {source.size} bytes; {length} bytes from offset {offset} on lead past its end")
    return replace(source, offset=offset, length=length)


def _readable(path: str) -> os.stat_result:
    """What the file is; nothing is stored yet, so one that is made readable is put again."""
    try:
        handle, found = open_source(path)
    except SourceUnreadable as error:
        raise SourceUnreadable(error.message, hint=f"{error.hint or 'make it readable'}, and put it again") from error
    os.close(handle)
    return found
