"""Telling somebody."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from sendoff.model.notice import Notice
from sendoff.ports.toolkit import SinkToolkit


class Sink(ABC):
    """Delivers notices.

    Settings: a pydantic model of one ``[[sinks]]``; unknown keys are errors. shows: which messages of a program's own it can show, ``popup`` and ``tile``;
    the others are not handed to it.

    Example: ``sendoff_sinks_basic.log:LogSink``.
    """

    Settings: ClassVar[type]
    shows: ClassVar[frozenset[str]] = frozenset({"popup"})

    def __init__(self, settings: Any, toolkit: SinkToolkit) -> None:
        """No input or output happens here."""
        self.settings, self.toolkit = settings, toolkit

    @classmethod
    def uninvited(cls) -> Mapping[str, Any] | None:
        """Options of the ``[[sinks]]`` section that a host adds by itself when it opens, under the driver's own name; None = it adds none. Errors: none.

        Asked where no section uses this driver and ``disabled`` does not name it.
        """
        return None

    @abstractmethod
    def deliver(self, notice: Notice) -> None:
        """Returning = accepted. notice: the same ``notice.id`` may come again. Errors: ``Transient``: later; ``Permanent``: set aside, shown."""

    def close(self) -> None:
        """Let go of what it holds."""
