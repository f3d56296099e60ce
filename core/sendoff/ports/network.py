"""What the network is like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from sendoff.model.conditions import Conditions
from sendoff.ports.toolkit import Toolkit


class Network(ABC):
    """Tells conditions.

    Settings: a pydantic model of ``[network]``; unknown keys are errors.

    Example: ``sendoff_networks_basic.routes:Routes``.
    """

    Settings: ClassVar[type]

    def __init__(self, settings: Any, toolkit: Toolkit) -> None:
        """No input or output happens here."""
        self.settings, self.toolkit = settings, toolkit

    @abstractmethod
    def look(self) -> Conditions:
        """What is known now, within 2 s. Unknown is a value and allows."""

    def close(self) -> None:
        """Let go of what it holds."""


class Watching(ABC):
    """A network that tells of changes; without it the core looks every 30 s.

    Example: ``class Signals(Network, Watching)``, with ``watch`` a generator under ``contextlib.contextmanager``.
    """

    @abstractmethod
    def watch(self, changed: Callable[[], None]) -> AbstractContextManager[None]:
        """Inside this context ``changed`` is called when ``look()`` may differ. changed: may be called from any thread. Errors: none."""
