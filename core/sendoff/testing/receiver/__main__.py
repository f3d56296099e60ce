"""``python -m sendoff.testing.receiver --folder DIR``: prints its address, one line, and runs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

from sendoff.model.quantity import size
from sendoff.testing.receiver.ledger import Received
from sendoff.testing.receiver.server import Receiver

LOOK_EVERY = 0.05  # seconds
NOT_STARTED = 5
TOLD = ("number", "method", "path", "size", "received", "complete", "broken", "status", "sha256")


def main() -> int:
    """Runs until it is told to stop."""
    chosen = _parser().parse_args()
    over = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    if chosen.until_eof:
        Thread(target=_wait_for_the_end_of_input, args=(over,), daemon=True).start()
    try:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        receiver = Receiver(chosen.folder, port=chosen.port, rate=chosen.rate, tus=chosen.tus).open()
    except OSError as cause:
        sys.stderr.write(f"receiver: {cause.filename or f'127.0.0.1:{chosen.port}'}: {cause.strerror}\n")
        return NOT_STARTED
    with closing(receiver):
        _say(receiver.url)
        if chosen.tell:
            _tell(receiver, over)
        over.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sendoff.testing.receiver", description="An HTTP receiver for trying sendoff out; loopback only.")
    parser.add_argument("--folder", type=Path, required=True, help="where to keep what is sent")
    parser.add_argument("--port", type=_port, default=0, help="where to listen; 0 = any free port")
    parser.add_argument("--rate", type=size, default=None, help="bytes a second that each connection reads, such as 64M")
    parser.add_argument("--tus", action="store_true", help="keep half-done uploads, by the protocol tus")
    parser.add_argument("--tell", action="store_true", help="a line of JSON about each request, whenever it has come further")
    parser.add_argument("--until-eof", action="store_true", help="end with the standard input, too: when whoever started it is gone")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 2**16):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port; write 0 to 65535")
    return int(text)


def _tell(receiver: Receiver, over: Event) -> None:
    """What is new about each request, until it is over."""
    told: dict[int, Received] = {}
    while not over.wait(LOOK_EVERY):
        for row in receiver.requests:
            if told.get(row.number) != row:
                told[row.number] = row
                _say(json.dumps({name: getattr(row, name) for name in TOLD}))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _wait_for_the_end_of_input(over: Event) -> None:
    while os.read(0, 4096):
        pass
    over.set()


if __name__ == "__main__":
    raise SystemExit(main())
