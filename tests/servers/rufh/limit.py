"""The limits of uploads (section "Limits")."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server announces and enforces; None = no such limit. Sizes in bytes, ``max_age`` in seconds."""

    max_size: int | None = None
    min_size: int | None = None
    max_append_size: int | None = None
    min_append_size: int | None = None
    max_age: float | None = None

    def field(self, age: str, left: float | None = None) -> str:
        """The value of ``Upload-Limit``. age: the key of the lifetime in this draft; left: seconds that an upload still has, None = a new one."""
        lifetime = self.max_age if left is None else left
        pairs = [
            ("max-size", self.max_size),
            ("min-size", self.min_size),
            ("max-append-size", self.max_append_size),
            ("min-append-size", self.min_append_size),
            (age, None if lifetime is None else math.floor(lifetime)),
        ]
        return ", ".join(f"{key}={value}" for key, value in pairs if value is not None) or "min-size=0"
