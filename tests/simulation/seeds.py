"""The files that simulated uploads send."""

from __future__ import annotations

from pathlib import Path

SIZES = (0, 1, 99, 100, 101, 350)


def sources_in(folder: Path) -> list[Path]:
    """One file of each size around the edges of a block of 100 bytes, each with its own content."""
    paths = [folder / f"source-{size}" for size in SIZES]
    for number, (path, size) in enumerate(zip(paths, SIZES, strict=True)):
        path.write_bytes(bytes((number * 37 + place * 7) % 256 for place in range(size)))
    return paths
