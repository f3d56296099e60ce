"""``use = "example"``: what the network is like stands in a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Network


class ExampleNetwork(Network):
    """Reads words: ``online`` or ``offline``, and ``metered``. What is not said is unknown, and unknown allows."""

    class Settings(BaseModel):
        """path: the file."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        path: Path

    settings: Settings

    def look(self) -> Conditions:
        """What the file says now."""
        words = self._words()
        online = "online" in words if words & {"online", "offline"} else None
        return Conditions(online=online, metered=True if "metered" in words else None, name="example")

    def _words(self) -> set[str]:
        try:
            return set(self.settings.path.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError):
            return set()
