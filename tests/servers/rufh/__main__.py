"""``python -m tests.servers.rufh --folder DIR``: prints its address, one line, and runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from threading import Event

from tests.servers.rufh import Limits, RufhServer

NOT_STARTED = 5


def main() -> int:
    """Runs until it is told to stop."""
    chosen = _parser().parse_args()
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    limits = Limits(max_size=chosen.max_size, max_append_size=chosen.max_append_size, min_append_size=chosen.min_append_size, max_age=chosen.max_age)
    try:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        server = RufhServer(chosen.folder, port=chosen.port, rate=chosen.rate, limits=limits).open()
    except OSError as cause:
        sys.stderr.write(f"rufh: {cause.filename or f'127.0.0.1:{chosen.port}'}: {cause.strerror}\n")
        return NOT_STARTED
    sys.stdout.write(f"{server.url}\n")
    sys.stdout.flush()
    over.wait()
    server.close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.servers.rufh", description="A server for resumable uploads over HTTP; loopback only.")
    parser.add_argument("--folder", type=Path, required=True, help="where to keep what is uploaded")
    parser.add_argument("--port", type=int, default=0, help="where to listen; 0 = any free port")
    parser.add_argument("--rate", type=float, default=None, help="bytes a second that each connection reads")
    parser.add_argument("--max-size", type=int, default=None, help="bytes of the largest upload")
    parser.add_argument("--max-append-size", type=int, default=None, help="bytes of the largest single request")
    parser.add_argument("--min-append-size", type=int, default=None, help="bytes of the smallest request that does not complete an upload")
    parser.add_argument("--max-age", type=float, default=None, help="seconds that an upload may take")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
