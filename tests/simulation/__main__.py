"""``python -m tests.simulation --first 17 --seeds 1000``: play seeds and say how many."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.seeds import sources_in
from tests.simulation.world import play

MEMORY = Path("/dev/shm")  # what is let go of is synced, which a disk takes long over


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1000)
    given = parser.parse_args()
    logging.disable(logging.CRITICAL)
    began, crashes, together = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        sources = sources_in(Path(folder))
        for seed in range(given.first, given.first + given.seeds):
            world = play(seed, sources, Path(folder))
            crashes, together = crashes + world.crashes, max(together, world.together)
    passed = time.monotonic() - began
    sys.stdout.write(f"{given.seeds} seeds from {given.first}, {crashes} crashes, {together} together at most, {passed:.1f} s\n")
    return 0


raise SystemExit(main())
