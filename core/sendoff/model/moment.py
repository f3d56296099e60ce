"""A point in time: whole microseconds since 1970, UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

Moment = int
"""Whole microseconds since 1970, UTC; also a length of time in microseconds. ``moment(1.5)`` makes one of seconds."""
SECOND = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(seconds: float) -> Moment:
    """A moment, or a length of time, in whole microseconds. seconds: since 1970, or of the length. Errors: none.

    >>> sendoff.moment(1.5)
    1500000
    """
    return round(seconds * SECOND)


def moment_text(when: Moment) -> str:
    """A moment as RFC 3339 with microseconds, UTC. when: microseconds since 1970. Errors: ``OverflowError`` past the year 9999.

    >>> sendoff.moment_text(0)
    '1970-01-01T00:00:00.000000Z'
    """
    return (_EPOCH + timedelta(microseconds=when)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> Moment:
    """The moment that an RFC 3339 text names, microseconds since 1970. text: with its zone. Errors: ``ValueError`` for another.

    >>> sendoff.moment_of("1970-01-01T00:00:01Z")
    1000000
    """
    return (datetime.fromisoformat(text.replace("Z", "+00:00")) - _EPOCH) // timedelta(microseconds=1)
