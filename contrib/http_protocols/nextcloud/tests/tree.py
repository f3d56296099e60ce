"""What a Nextcloud keeps of one user: files with what is known of each, folders, and uploads that are under way."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Kept:
    """A file. checksum: as it was told, nobody has compared it."""

    content: bytes
    modified: int
    etag: str
    checksum: str = ""


@dataclass(slots=True)
class Upload:
    """A folder of chunks. known: the server's cache still has what belongs to it."""

    destination: str
    chunks: dict[str, bytes] = field(default_factory=dict)
    known: bool = True

    @property
    def size(self) -> int:
        return sum(map(len, self.chunks.values()))

    def joined(self) -> bytes:
        """In the order of their names, by number where they are numbers (``strnatcmp``)."""
        return b"".join(self.chunks[name] for name in sorted(self.chunks, key=lambda name: (int(name) if name.isdigit() else -1, name)))


class Tree:
    """Paths are decoded, without a slash at either end, below the user's files. quota: bytes in all; None = no end."""

    def __init__(self, quota: int | None = None) -> None:
        self.files: dict[str, Kept] = {}
        self.folders: set[str] = {""}
        self.uploads: dict[str, Upload] = {}
        self.quota = quota
        self._made = 0

    def free(self) -> int:
        return 2**62 if self.quota is None else self.quota - sum(len(one.content) for one in self.files.values())

    def has(self, path: str) -> bool:
        return path in self.files or path in self.folders

    def put(self, path: str, content: bytes, modified: int, checksum: str) -> Kept:
        """A new state of a file, with an etag that no other has."""
        self._made += 1
        etag = f'"{hashlib.md5(f"{path}{self._made}".encode(), usedforsecurity=False).hexdigest()}"'
        self.files[path] = Kept(content, modified, etag, checksum)
        return self.files[path]
