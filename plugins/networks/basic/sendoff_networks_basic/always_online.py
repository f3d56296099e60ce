"""``use = "always-online"``: for servers and containers, where the network is there or the upload waits anyway."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Network


class AlwaysOnline(Network):
    """Says online, and nothing of cost."""

    class Settings(BaseModel):
        """None."""

        model_config = ConfigDict(extra="forbid", frozen=True)

    def look(self) -> Conditions:
        """Online."""
        return Conditions(online=True, name="always-online")
