"""A network that flickers is not followed at every turn."""

from __future__ import annotations

from sendoff.model.conditions import Conditions


class Debounce:
    """Lets new conditions through once they have stayed the same for a while. told: what was let through last; since: when it was first seen."""

    def __init__(self) -> None:
        self.told: Conditions | None = None
        self.since = 0.0
        self._coming: Conditions | None = None
        self._began = 0.0

    def seen(self, conditions: Conditions, now: float, settle: float) -> bool:
        """Whether this look is news that has settled. now: steady seconds. settle: seconds for which it must have been so."""
        if conditions == self.told:
            self._coming = None
            return False
        if conditions != self._coming:
            self._coming, self._began = conditions, now
        if self.told is not None and now - self._began < settle:
            return False
        self.tell(conditions, now)
        return True

    def tell(self, conditions: Conditions, now: float) -> None:
        """These are told, settled or not."""
        if conditions != self.told:
            self.told, self.since = conditions, self._began if conditions == self._coming else now
        self._coming = None

    def left(self, now: float, settle: float) -> float | None:
        """Seconds until what is coming has settled; None = nothing is."""
        return None if self._coming is None else max(self._began + settle - now, 0.0)
