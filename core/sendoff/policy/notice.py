"""What is told of a set of operations once all of it has ended."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.errors import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """How many ended in which way."""

    completed: int = 0
    failed: int = 0
    canceled: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.completed + self.failed + self.canceled

    @property
    def outcome(self) -> str | None:
        """``failure`` where at least one failed, else ``success``; what somebody canceled counts for neither, so None where nothing else is left."""
        if self.failed:
            return "failure"
        return "success" if self.completed else None

    def told(self) -> dict[str, Json]:
        """As ``batch_completed`` has it."""
        return {"total": self.total, "completed": self.completed, "failed": self.failed, "canceled": self.canceled, "outcome": self.outcome}
