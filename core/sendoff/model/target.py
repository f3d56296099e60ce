"""The full address of one operation."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from sendoff.model.secret import public_url


@dataclass(frozen=True, slots=True)
class Target:
    """Where one operation's bytes go. url: may hold a signed query and is never shown; ``public`` may.

    >>> sendoff.Target("https://h.example/a?sig=17").public
    'https://h.example/a?sig=***'
    """

    url: str

    @property
    def public(self) -> str:
        """The address that may be shown."""
        return public_url(self.url)

    @property
    def key(self) -> str:
        """What two operations to the same target have in common; gives nothing of the address away."""
        return blake2b(self.url.encode(), digest_size=12).hexdigest()

    def __repr__(self) -> str:
        return f"Target({self.public!r})"
