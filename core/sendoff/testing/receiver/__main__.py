"""``python -m sendoff.testing.receiver --folder DIR``: prints its address, one line, and runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from sendoff.model.quantity import size
from sendoff.testing.receiver.server import Receiver


def main() -> int:
    """Runs until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sendoff.testing.receiver", description="An HTTP receiver for trying sendoff out; loopback only.")
    parser.add_argument("--folder", type=Path, required=True, help="where to keep what is sent")
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0 = any free port")
    parser.add_argument("--rate", type=size, default=None, help="bytes a second that each connection reads, such as 64M")
    chosen = parser.parse_args()
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    chosen.folder.mkdir(parents=True, exist_ok=True)
    with Receiver(chosen.folder, port=chosen.port, rate=chosen.rate) as receiver:
        sys.stdout.write(f"{receiver.url}\n")
        sys.stdout.flush()
        over.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
