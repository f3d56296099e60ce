"""What ten thousand waiting uploads cost a host."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.rounds import Line
from benchmarks.workshop import Workshop

COUNT = 10_000
FIRST = 100
SETTLING = 1.0


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    sources = shop.files("waiting", COUNT, 100)
    figures = [_once(shop, sources) for _ in range(rounds)]
    before, after = (median(column) for column in zip(*figures, strict=True))
    added = [later - earlier for earlier, later in figures]
    yield Line(
        name=f"{COUNT:,} queued uploads",
        labels=("host with them", "host before"),
        ours=after,
        theirs=before,
        shown=lambda size: f"{size:.1f} MB",
        ratio=median(added),
        low=min(added),
        high=max(added),
        unit=" MB",
        at_most=20,
        note=f"resident memory, after {FIRST} others had been queued; all wait for a server that does not answer",
    )


def _once(shop: Workshop, sources: list[Path]) -> tuple[float, float]:
    with shop.host() as pid:
        shop.sendoff("put", *sources[:FIRST], "http://127.0.0.1:9/first/")
        before = _resident(pid)
        shop.sendoff("put", *sources, "http://127.0.0.1:9/more/")
        return before, _resident(pid)


def _resident(pid: int) -> float:
    """Megabytes that a process has in memory, once that no longer grows."""
    size = 0.0
    while True:
        time.sleep(SETTLING)
        found = re.search(r"^VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
        now = int(found[1]) * 1024 / 1e6 if found else 0.0
        if now <= size + 0.5:
            return max(now, size)
        size = now
