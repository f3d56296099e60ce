"""``use = "log"``: each notice is one line of the host's log."""

from __future__ import annotations

import logging
from typing import Literal

from pydantic import BaseModel, ConfigDict
from sendoff import Notice, Sink


class LogSink(Sink):
    """Writes a notice as one JSON object on one line."""

    class Settings(BaseModel):
        """level: at which the line is logged."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        level: Literal["debug", "info", "warning", "error"] = "info"

    settings: Settings

    def deliver(self, notice: Notice) -> None:
        """Accepted once the log has it."""
        self.toolkit.log.log(logging.getLevelNamesMapping()[self.settings.level.upper()], "%s", notice.json())
