"""What is to be sent, looked at once in the process that owns the journal."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
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
        kind, name = ("file", request.source) if request.spool is None else ("spool", request.spool)
        return Taken(source=self.look(kind, name), spools=() if request.spool is None else (request.spool,))

    def look(self, kind: str, name: str) -> Source:
        """A file by its path, or what a client has spooled by its name."""
        path = name if kind == "file" else str(self.spool.path(name))
        if not os.path.isabs(path) or "\0" in path:
            raise InvalidArgument(f"{path!r} is not an absolute path")
        found = _readable(path)
        if kind != "file":
            path = str(self.spool.target(name))
        folder = (os.path.dirname(path), found.st_dev)
        if folder not in self._mounts:
            self._mounts[folder] = mount_of(path)
        return Source(kind=kind, path=path, mount=self._mounts[folder], identity=SourceIdentity.of(found, self.boot))

    def _copy(self, name: str) -> str:
        return str(self.spool.path(name))

    @staticmethod
    def _form(whole: Whole) -> Taken:
        source = Source(kind="form", path="", identity=body_of(whole.size), form=whole.form)
        return Taken(source=source, spools=whole.spools, headers=(("Content-Type", content_type(whole.form)),), hidden=whole.hidden)


def _readable(path: str) -> os.stat_result:
    """What the file is; nothing is stored yet, so one that is made readable is put again."""
    try:
        handle, found = open_source(path)
    except SourceUnreadable as error:
        raise SourceUnreadable(error.message, hint=f"{error.hint or 'make it readable'}, and put it again") from error
    os.close(handle)
    return found
