"""What is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIdentity:
    """What makes a file the same file: ``device`` counts only within one ``boot``, device numbers are handed out anew.

    size: bytes. mtime_ns, ctime_ns: nanoseconds since 1970. inode, device: of the file system.

    >>> import os
    >>> now = sendoff.SourceIdentity.of(os.stat("a.iso"), boot="1")
    >>> now.same_file(now)
    True
    """

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int
    boot: str = ""

    @classmethod
    def of(cls, found: os.stat_result, boot: str) -> SourceIdentity:
        """The identity that ``fstat`` gives. found: what it gave. boot: the id of this start of the machine. Errors: none."""
        return cls(size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino, device=found.st_dev, boot=boot)

    def same_content(self, other: SourceIdentity) -> bool:
        """Size and modification time agree: nothing says that the content changed. other: the one to compare with. Errors: none."""
        return self.size == other.size and self.mtime_ns == other.mtime_ns

    def same_file(self, other: SourceIdentity) -> bool:
        """The very same file, untouched; False after a remount, a restore or a copy, whose content may still be equal.

        other: the one to compare with. Errors: none.
        """
        moved = self.boot == other.boot and self.device != other.device
        return self.same_content(other) and self.ctime_ns == other.ctime_ns and self.inode == other.inode and not moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a form, as a caller asks for it or as it goes out.

    name, filename: of its ``Content-Disposition``. headers: what the caller gave it; once it was checked its whole header block, in order.
    content: what it holds, in base64, where the operation itself keeps it. source: where it is read from otherwise. With neither it is sealed
    with the operation's secrets. size: bytes of what it holds.
    """

    name: str | None = None
    filename: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content: str | None = field(default=None, repr=False)
    source: Source | None = None
    size: int = 0

    @property
    def sealed(self) -> bool:
        """Whether what it holds is a secret of the operation."""
        return self.content is None and self.source is None

    @property
    def kind(self) -> str:
        """``file``, ``spool``, or ``value`` for what the operation keeps itself."""
        return self.source.kind if self.source is not None else "value"

    @property
    def path(self) -> str | None:
        """Of its file; None for a value and a copy."""
        return self.source.path if self.source is not None and self.kind == "file" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Several parts that go out as one body (RFC 2046 section 5.1). boundary: what stands between them; empty = any."""

    parts: tuple[Part, ...] = ()
    subtype: str = "form-data"
    boundary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, a spooled copy that sendoff owns and removes, or a form.

    kind: ``file``, ``spool`` or ``form``. path: absolute, of the file itself and of no link to it; empty for a form. mount: the folder its
    drive is mounted on. identity: of the whole file; of a form only its size is meant, which is that of the whole body.
    offset, length: which bytes of it are sent; length None = all from there. origin, taken: of a copy that was taken of a file, that file's path
    and what it was then.

    >>> sendoff.Source(path="/home/me/a.iso", offset=10, length=5).size
    5
    """

    kind: str = "file"
    path: str
    mount: str = "/"
    identity: SourceIdentity | None = None
    form: Form | None = None
    offset: int = 0
    length: int | None = None
    origin: str | None = None
    taken: SourceIdentity | None = None

    @property
    def size(self) -> int:
        """Bytes that are sent, as seen when the operation was created."""
        if self.length is not None:
            return self.length
        return self.identity.size if self.identity else 0

    @property
    def file(self) -> str | None:
        """The caller's own file, also where a copy of it is sent; None for what can be read only once, and for a form."""
        return self.path if self.kind == "file" else self.origin

    @property
    def found(self) -> SourceIdentity | None:
        """What the caller's own file was when it was taken in."""
        return self.identity if self.kind == "file" else self.taken

    def same_part(self, other: Source) -> bool:
        """The same bytes of the same path are meant, whatever the file holds now. other: the one to compare with. Errors: none."""
        return (self.file or self.path, self.offset, self.length) == (other.file or other.path, other.offset, other.length)

    @property
    def copies(self) -> tuple[str, ...]:
        """The spooled copies it is made of, by path."""
        if self.form is None:
            return (self.path,) if self.kind == "spool" else ()
        return tuple(part.source.path for part in self.form.parts if part.source is not None and part.source.kind == "spool")

    @property
    def sealed(self) -> tuple[str, ...]:
        """The names of the parts whose content is sealed."""
        return tuple(part.name or "" for part in self.form.parts if part.sealed) if self.form is not None else ()
