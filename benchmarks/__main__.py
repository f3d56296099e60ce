"""``python -m benchmarks [--only NAME] [--rounds N]``."""

from __future__ import annotations

import argparse
import sys

from benchmarks import creating, large, listing, memory, s3, sftp, small
from benchmarks.rounds import Line
from benchmarks.servers import Absent
from benchmarks.workshop import workshop

ALL = {
    "list": listing.measure, "create": creating.measure, "memory": memory.measure, "large": large.measure, "small": small.measure,
    "s3": s3.measure, "sftp": sftp.measure,
}  # fmt: skip


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measures sendoff side by side with others and prints ratios.")
    parser.add_argument("--only", action="append", choices=ALL, help="this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which the median counts (default: 5)")
    wanted = parser.parse_args(words)
    short = False
    for name in wanted.only or ALL:
        try:
            with workshop() as shop:
                for line in ALL[name](shop, wanted.rounds):
                    show(line)
                    short |= "FALLS SHORT" in line.goal
        except Absent as absent:
            print(f"{name}: not measured: {absent}\n", flush=True)
    return 1 if short else 0


def show(line: Line) -> None:
    ours, theirs = line.labels
    print(f"{line.name}: {line.ratio:.2f}{line.unit} ({line.low:.2f} to {line.high:.2f})   {line.goal}")
    print(f"    {ours} {line.shown(line.ours)}, {theirs} {line.shown(line.theirs)}; {line.note}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
