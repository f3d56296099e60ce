"""``use = "example"``: a line of a file for each notice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict
from sendoff import Notice, Permanent, Sink, Transient


class ExampleSink(Sink):
    """Appends each notice to a file, one JSON object a line."""

    class Settings(BaseModel):
        """path: the file; its folder is there."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        path: Path

    settings: Settings
    shows: ClassVar[frozenset[str]] = frozenset({"popup"})

    def deliver(self, notice: Notice) -> None:
        """Returns when the line is on disk. Errors: ``Permanent`` where the path is wrong, ``Transient`` for what may pass."""
        try:
            self._append(f"{notice.json()}\n".encode("ascii"))
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as cause:
            path = self.settings.path
            raise Permanent(f"{path} cannot be written: {cause.strerror}", hint="correct path of the sink") from cause
        except OSError as cause:
            raise Transient(f"{self.settings.path} could not be written: {cause.strerror}") from cause

    def _append(self, line: bytes) -> None:
        with self.settings.path.open("ab", buffering=0) as file:  # one write a line: those of several threads do not mix
            file.write(line)
            os.fsync(file.fileno())
