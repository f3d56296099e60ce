"""How much, how often and how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_AT_ONCE = 65_536  # whatever counts uploads or connections: a machine has no more ports


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceLimits:
    """What one destination has of its own. bandwidth: as ``Limits`` has it. concurrency: tries there at once. None = as everywhere."""

    bandwidth: str | None = None
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once.

    concurrency: tries that run, a run of small operations being one. per_destination: of them to one destination. high_beside: of a serialized group, one of
    high priority beside another. lanes: connections that one of them may use. memory: bytes of sources that all of them together hold. spool: bytes of
    copies kept. bandwidth: of all together, as ``policy.bandwidth`` reads it. places: what destinations have of their own, by name.

    >>> sendoff.Limits(concurrency=4, memory=2**20).share
    262144
    """

    concurrency: int = 16
    per_destination: int = 4
    high_beside: bool = False
    lanes: int = 4
    memory: int = 512 * 2**20
    spool: int = 20 * 2**30
    bandwidth: str = "off"
    places: Mapping[str, PlaceLimits] = field(default_factory=dict)

    @property
    def share(self) -> int:
        """Bytes of memory for one operation, when as many run as may."""
        return self.memory // self.concurrency

    def beside(self, place: str | None) -> int:
        """Tries that may run to one destination. place: its name. Errors: none."""
        own = self.places.get(place or "")
        return self.per_destination if own is None or own.concurrency is None else own.concurrency


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRules:
    """How often and how long to try. Lengths of time are seconds.

    patience: without a newly confirmed byte. attempts: requests, where patience is 0. resend: whole files sent again in vain before a person is asked.
    first_pause, longest_pause: between tries. connect_timeout, response_timeout, stall_timeout: of a connection, an answer, a byte.

    >>> sendoff.RetryRules(patience=3600.0).first_pause
    2.0
    """

    patience: float = 3 * 86400.0
    attempts: int = 4
    resend: int = 3
    first_pause: float = 2.0
    longest_pause: float = 600.0
    connect_timeout: float = 300.0
    response_timeout: float = 120.0
    stall_timeout: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerRules:
    """How long a completion handler may take, in seconds, and how often it is tried before it is given up."""

    timeout: float = 600.0
    attempts: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long finished things are remembered.

    now: the moment, microseconds since 1970. finished, receipts: microseconds before it; the second is for what was brought to each target, by which it is
    skipped.

    >>> sendoff.Retention(now=sendoff.moment(0)).finished == 30 * 86400 * 1_000_000
    True
    """

    now: int = 0
    finished: int = 30 * 86400 * 1_000_000
    receipts: int = 2 * 365 * 86400 * 1_000_000
