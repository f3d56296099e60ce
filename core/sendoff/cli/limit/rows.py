"""What limits are in force, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sendoff.cli.clock import local
from sendoff.errors import Json
from sendoff.model.quantity import size_text

UNLIMITED = "as fast as it goes"


def rows(told: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Label and text, a line each."""
    yield "bandwidth", speed(told)
    yield (
        "concurrency",
        f"{told['concurrency']} uploads at once, {told['per_destination']} to one destination{_fed(told, told['concurrency'])}; {told['running']} now",
    )
    for name, own in told["destinations"].items():
        parts = [speed(own)] if own["bandwidth"] is not None else []
        parts += [f"{own['concurrency']} at once"] if own["concurrency"] is not None else []
        yield f"to {name}", "; ".join(parts) + _fed(own, own["concurrency"] or told["per_destination"])


def speed(told: Mapping[str, Json]) -> str:
    """How fast now, until when, and how fast then; and how that is written, where it is a timetable."""
    now = rate_text(told["rate"])
    if told["until"] is None:
        return now
    return f"{now} until {local(told['until'])}, then {rate_text(told['then'])} ({told['bandwidth']})"


def rate_text(rate: float | None) -> str:
    """``512.0 KiB/s``."""
    return UNLIMITED if rate is None else f"{size_text(rate)}/s"


def _fed(told: Mapping[str, Json], most: int) -> str:
    """Where bandwidth is what keeps the number down."""
    return f", {told['fed']} at this bandwidth" if told["fed"] is not None and told["fed"] < most else ""
