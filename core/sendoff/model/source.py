"""What is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceIdentity:
    """What makes a file the same file: ``device`` counts only within one ``boot``, device numbers are handed out anew."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    device: int
    boot: str = ""

    @classmethod
    def of(cls, found: os.stat_result, boot: str) -> SourceIdentity:
        """The identity that ``fstat`` gives."""
        return cls(size=found.st_size, mtime_ns=found.st_mtime_ns, ctime_ns=found.st_ctime_ns, inode=found.st_ino, device=found.st_dev, boot=boot)

    def same_content(self, other: SourceIdentity) -> bool:
        """Size and modification time agree: nothing says that the content changed."""
        return self.size == other.size and self.mtime_ns == other.mtime_ns

    def same_file(self, other: SourceIdentity) -> bool:
        """The very same file, untouched; False after a remount, a restore or a copy, whose content may still be equal."""
        moved = self.boot == other.boot and self.device != other.device
        return self.same_content(other) and self.ctime_ns == other.ctime_ns and self.inode == other.inode and not moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, or a spooled copy that sendoff owns and removes.

    kind: ``file`` or ``spool``. path: absolute. mount: the folder its drive is mounted on.
    """

    kind: str = "file"
    path: str
    mount: str = "/"
    identity: SourceIdentity | None = None

    @property
    def size(self) -> int:
        """Bytes, as seen when the operation was created."""
        return self.identity.size if self.identity else 0
