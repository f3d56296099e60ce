"""What a watcher sees at one moment, and how it reads in one line or as one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sendoff.cli.text import span
from sendoff.cli.watch.tally import Tally
from sendoff.errors import Json
from sendoff.model.pace import left
from sendoff.model.progress import UploadProgress
from sendoff.model.quantity import size_text

WORDS = {"earlier_upload": "behind an earlier one", "source_unavailable": "without their source", "not started": "not started"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """All figures of a moment. rate: bytes a second together. live: by operation, how far each try is."""

    tally: Tally
    rate: float | None = None
    live: Mapping[str, UploadProgress]

    @property
    def eta(self) -> float | None:
        """Seconds, at this rate."""
        return left(self.tally.bytes - self.tally.sent, self.rate)


def in_a_line(glance: Glance) -> str:
    """``3 of 10 done, 1.2 GiB of 4.0 GiB, 35.0 MiB/s, 1m20s left; 2 running, 5 queued``."""
    return f"{together(glance)}; {standing(glance.tally)}" if glance.tally.open else together(glance)


def together(glance: Glance) -> str:
    """The totals."""
    tally = glance.tally
    words = [f"{tally.ended - tally.failed} of {tally.total}{'' if tally.exact else '+'} done"]
    words += [f"{tally.failed} failed"] if tally.failed else []
    words += [f"{size_text(tally.sent)} of {size_text(tally.bytes)}"]
    words += [f"{size_text(glance.rate)}/s"] if glance.rate and tally.open else []
    words += [f"{span(glance.eta)} left"] if glance.eta is not None and tally.open else []
    return ", ".join(words)


def standing(tally: Tally) -> str:
    """``2 running, 5 queued, 1 unreachable``."""
    words = [f"{tally.running} running"] if tally.running else []
    return ", ".join(words + waits_text(tally.waits)) or f"{tally.open} to go"


def waits_text(waits: Mapping[str, int]) -> list[str]:
    """How many wait for what, the most first."""
    return [f"{number} {WORDS.get(reason, reason.replace('_', ' '))}" for reason, number in sorted(waits.items(), key=lambda one: -one[1])]


def as_object(glance: Glance, time: str) -> Json:
    """The same for programs."""
    tally = glance.tally
    return {
        "schema": 1, "type": "progress", "time": time, "total": tally.total, "ended": tally.ended, "failed": tally.failed, "running": tally.running,
        "waits": dict(tally.waits), "needs_person": tally.person, "total_bytes": tally.bytes, "sent_bytes": tally.sent, "rate": glance.rate,
        "eta": glance.eta,
    }  # fmt: skip
