"""The body of a server's answer, read as a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any


class Answer(io.RawIOBase):
    """Bytes that come in pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        super().__init__()
        self._pieces, self._held, self._given = pieces, b"", 0

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill from the piece at hand, or the next one; 0 at the end."""
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._held = piece
        room = memoryview(buffer)
        taken, self._held = self._held[: len(room)], self._held[len(room) :]
        room[: len(taken)] = taken
        self._given += len(taken)
        return len(taken)

    def tell(self) -> int:
        """Bytes that were read."""
        return self._given

    def close(self) -> None:
        """Let the connection go."""
        close = getattr(self._pieces, "close", None)
        if close is not None and not self.closed:
            close()
        super().close()
