"""What a person reads in a notice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sendoff.model.moment import Moment, moment_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Words for a person, ready to be shown.

    title, text: one line, and a few. tag: a later one with the same tag replaces what is shown. group: what belongs together where it is shown.
    expires_at: from then on it is of no interest. silent: without a sound. high: of high priority. failed: bad news. tile: for a status surface,
    which always shows the last one, not for a popup.

    >>> sendoff.Message(title="Uploaded", text="a.iso to archive", tag="ops").tag
    'ops'
    """

    title: str
    text: str
    tag: str | None = None
    group: str | None = None
    expires_at: Moment | None = None
    silent: bool = False
    high: bool = False
    failed: bool = False
    tile: bool = False

    def document(self) -> dict[str, Any]:
        """Every field as a JSON value, ``expires_at`` as RFC 3339. Errors: none."""
        expires_at = None if self.expires_at is None else moment_text(self.expires_at)
        return {
            "title": self.title, "text": self.text, "tag": self.tag, "group": self.group, "expires_at": expires_at, "silent": self.silent, "high": self.high,
            "failed": self.failed, "tile": self.tile,
        }  # fmt: skip
