"""What a host serves: the desk where the journal is, and how it is opened and closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from sendoff.desk.contract import Desk
from sendoff.model.configuration import Configuration


class Work(Desk, Protocol):
    """The work of one journal in this process."""

    @property
    def configuration(self) -> Configuration:
        """What is in force."""
        ...

    def open(self) -> None:
        """Open the journal and begin to work; returns when it can be asked."""
        ...

    def close(self, timeout: float) -> object:
        """Break off what runs so that it can go on later, and return within so many seconds."""
        ...

    def idle(self) -> bool:
        """Nothing runs, waits or is due."""
        ...

    def catch_up(self, seconds: float) -> bool:
        """Wait until the sinks were told of everything so far, and what must still happen was tried; whether that came true in time."""
        ...

    def position(self) -> int:
        """The last event there is: where "from now on" begins."""
        ...

    def reconfigure(self) -> None:
        """Read the configuration file again; ``ConfigurationError`` leaves the old one in force."""
        ...


class Build(Protocol):
    """Puts the work together; nothing is opened yet."""

    def __call__(self, *, folder: Path, config_file: Path | None, environ: Mapping[str, str]) -> Work: ...
