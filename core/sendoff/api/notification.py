"""``Notification``: what people are told once all of a set has ended, whoever is there then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sendoff.errors import InvalidArgument, Json
from sendoff.model.document import encode
from sendoff.model.message import Message
from sendoff.model.moment import moment
from sendoff.policy.wording import LONGEST_TAG

LONGEST_TILE_TAG = 16  # characters
_LONGEST = 4000  # characters of a title and a body


@dataclass(frozen=True, slots=True)
class Notification:
    """What people are told of a set of operations; shown by the sinks that the host has, a desktop among them.

    Parameters
    ----------
    title, body: one line, and a few. tag: at most 64 characters, 16 for a tile; a later one with the same tag replaces what is shown.
    group: at most 64 characters; what belongs together where it is shown. expires_at: an aware ``datetime``; from then on it is of no interest.
    silent: without a sound. priority: ``default`` or ``high``.

    Errors: ``InvalidArgument`` for anything else.

    >>> sendoff.Notification("Backup done", "all of it", tag="backup").tag
    'backup'
    """

    title: str
    body: str = ""
    tag: str | None = None
    group: str | None = None
    expires_at: datetime | None = None
    silent: bool = False
    priority: Literal["default", "high"] = "default"

    def __post_init__(self) -> None:
        _check("title", self.title, _LONGEST)
        _check("body", self.body, _LONGEST, empty=True)
        for name, value in (("tag", self.tag), ("group", self.group)):
            if value is not None:
                _check(name, value, LONGEST_TAG)
        if self.expires_at is not None and (not isinstance(self.expires_at, datetime) or self.expires_at.tzinfo is None):
            raise InvalidArgument(f"expires_at={self.expires_at!r}: a datetime with a time zone is expected")
        if self.priority not in ("default", "high"):
            raise InvalidArgument(f"priority={self.priority!r}: 'default' or 'high' is expected")

    def _message(self) -> Json:
        ends = None if self.expires_at is None else moment(self.expires_at.timestamp())
        said = Message(
            title=self.title, text=self.body, tag=self.tag, group=self.group, expires_at=ends, silent=bool(self.silent), high=self.priority == "high"
        )  # fmt: skip
        return encode(said)


class Notifying:
    """What a template tells people of what is created afterwards; None = nothing.

    ``success_...`` is told where all of it has completed, ``failure_...`` where at least one has failed; what was canceled counts for neither, and where all
    was, nobody is told.
    """

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: dict[str, Notification] = {}

    @property
    def success_notification(self) -> Notification | None:
        """Told once all of it has completed; ``InvalidArgument`` for what is no ``Notification``."""
        return self._said.get("success")

    @success_notification.setter
    def success_notification(self, value: Notification | None) -> None:
        self._say("success", value)

    @property
    def failure_notification(self) -> Notification | None:
        """Told once all of it has ended and at least one has failed; ``InvalidArgument`` as before."""
        return self._said.get("failure")

    @failure_notification.setter
    def failure_notification(self, value: Notification | None) -> None:
        self._say("failure", value)

    @property
    def success_tile_notification(self) -> Notification | None:
        """The same for a status surface, which always shows the last one; ``InvalidArgument`` for a tag of more than 16 characters."""
        return self._said.get("success_tile")

    @success_tile_notification.setter
    def success_tile_notification(self, value: Notification | None) -> None:
        self._say("success_tile", value)

    @property
    def failure_tile_notification(self) -> Notification | None:
        """The same where at least one has failed."""
        return self._said.get("failure_tile")

    @failure_tile_notification.setter
    def failure_tile_notification(self, value: Notification | None) -> None:
        self._say("failure_tile", value)

    def _say(self, word: str, value: Notification | None) -> None:
        if value is not None and not isinstance(value, Notification):
            raise InvalidArgument(f"{word}_notification {value!r}: a sendoff.Notification is expected")
        if value is not None and word.endswith("_tile") and value.tag is not None:
            _check("tag", value.tag, LONGEST_TILE_TAG)
        self._said = {name: one for name, one in {**self._said, word: value}.items() if one is not None}

    def _told(self) -> Mapping[str, Any]:
        return {word: one._message() for word, one in self._said.items()}


def _check(name: str, value: object, longest: int, *, empty: bool = False) -> None:
    if not isinstance(value, str) or (not value and not empty):
        raise InvalidArgument(f"{name}={value!r}: a text is expected")
    if len(value) > longest:
        raise InvalidArgument(f"{name}: {len(value)} characters are more than {longest}")
