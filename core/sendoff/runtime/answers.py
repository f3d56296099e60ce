"""The bodies of servers' answers, kept beside the journal."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

CAP = 2**20
_BLOCK = 64 * 1024
_LOG = logging.getLogger("sendoff.attempts")


class Answers:
    """One file an operation, at most ``CAP`` bytes; an empty body leaves none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def writer(self, number: int) -> AnswerBody:
        """Where a transport writes a response's body."""
        return AnswerBody(self._folder / str(number))

    def read(self, number: int, offset: int = 0) -> Iterator[bytes]:
        """The kept body, from ``offset``, in blocks."""
        path = self._folder / str(number)
        if not path.exists():
            return
        with path.open("rb") as body:
            body.seek(offset)
            while block := body.read(_BLOCK):
                yield block

    def numbers(self) -> set[int]:
        """The operations of which an answer is kept."""
        if not self._folder.is_dir():
            return set()
        return {int(path.name) for path in self._folder.iterdir() if path.name.isascii() and path.name.isdigit()}

    def remove(self, number: int) -> None:
        """Forget it; it may be gone already."""
        (self._folder / str(number)).unlink(missing_ok=True)


class AnswerBody(io.RawIOBase):
    """Takes a body, keeps its beginning; written to disk when the try is over."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path, self._kept, self.received = path, bytearray(), 0

    @property
    def truncated(self) -> bool:
        """The server sent more than is kept."""
        return self.received > self.size

    @property
    def size(self) -> int:
        """Bytes kept."""
        return len(self._kept)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, block: bytes | bytearray | memoryview) -> int:  # type: ignore[override]
        """Keep what fits under the cap, count all of it."""
        self.received += len(block)
        self._kept += bytes(block)[: max(CAP - len(self._kept), 0)]
        return len(block)

    def save(self) -> None:
        """Replace an earlier answer's body with this one; where that cannot be kept the log says so: an upload does not fail for it."""
        try:
            self._save()
        except OSError as cause:
            _LOG.error("the body of a server's answer cannot be kept: %s", cause)
            self._kept = bytearray()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)  # a half of it, or an earlier one

    def _save(self) -> None:
        if not self._kept:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.write_bytes(self._kept)
