"""A point in time: whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

Moment = int
SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> Moment:
    """A moment, or a length of time, given in seconds."""
    return round(seconds * SECOND)


def moment_text(when: Moment) -> str:
    """A moment as RFC 3339 with microseconds, UTC: ``2026-01-01T00:00:00.000000Z``."""
    return (_EPOCH + timedelta(microseconds=when)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> Moment:
    """The moment that an RFC 3339 text names."""
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - _EPOCH) // timedelta(microseconds=1)
