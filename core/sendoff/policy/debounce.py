"""A network that flickers is not followed at every turn."""

from __future__ import annotations

from sendoff.model.conditions import Conditions


class Debounce:
    """Lets new conditions through once they have stayed the same for a while. told: what was let through last."""

    def __init__(self) -> None:
        self.told: Conditions | None = None
        self._coming: Conditions | None = None
        self._since = 0.0

    def seen(self, conditions: Conditions, now: float, settle: float) -> bool:
        """Whether this look is news that has settled. now: steady seconds. settle: seconds for which it must have been so."""
        if conditions == self.told:
            self._coming = None
            return False
        if conditions != self._coming:
            self._coming, self._since = conditions, now
        if self.told is not None and now - self._since < settle:
            return False
        self.tell(conditions)
        return True

    def tell(self, conditions: Conditions) -> None:
        """These are told, settled or not."""
        self.told, self._coming = conditions, None

    def left(self, now: float, settle: float) -> float | None:
        """Seconds until what is coming has settled; None = nothing is."""
        return None if self._coming is None else max(self._since + settle - now, 0.0)
