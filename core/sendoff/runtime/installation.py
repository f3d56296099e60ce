"""What is installed, as the machinery sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sendoff.errors import Json
from sendoff.hookspecs import Change
from sendoff.model.operation import Record


class Installed(Protocol):
    """Drivers by name."""

    def names(self, kind: str) -> tuple[str, ...]:
        """The drivers of a kind (``transports stores credentials sinks networks``)."""
        ...

    def load(self, kind: str, name: str) -> type:
        """The driver class; ``DriverMissing``, ``DriverBroken``."""
        ...

    def transport_for(self, scheme: str) -> str:
        """The name of the transport that serves a scheme; ``UnsupportedScheme``."""
        ...

    def settings(self, kind: str, name: str, options: Mapping[str, Any], *, section: str | None = None) -> Any:
        """The driver's ``Settings``, checked; ``ConfigurationError`` names ``section``."""
        ...

    def describe(self) -> Sequence[Mapping[str, Json]]:
        """Every driver: kind, name, distribution, version, capabilities, state."""
        ...


class Listening(Protocol):
    """Everybody who listens."""

    def tell(self, hook: str, **facts: Any) -> None:
        """History: whoever raises is named in the log and silences nobody."""
        ...

    def before_queue(self, operation: Record) -> None:
        """May raise ``Refused``."""
        ...

    def before_attempt(self, operation: Record, attempt: int) -> Change | None:
        """May change this attempt, or raise ``Refused`` or ``Postpone``."""
        ...

    def describe(self) -> Sequence[Mapping[str, Json]]:
        """Every listener: name, distribution, state."""
        ...
