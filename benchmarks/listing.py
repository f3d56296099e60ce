"""A list of what is going on, against an interpreter that does nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.workshop import Workshop

QUEUED = 10
REPEATS = 5
BARE_SOCKET = (
    "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); "
    "s.sendall(b'GET /v1/ask?what=status HTTP/1.1\\r\\nHost: sendoff\\r\\nConnection: close\\r\\n\\r\\n'); print(len(s.recv(65536)))"
)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    python = sys.executable
    command = Path(python).with_name("sendoff")
    sources = shop.files("queued", QUEUED, 100)
    with shop.host():
        shop.sendoff("put", *sources, "http://127.0.0.1:9/")
        turns = {
            "list": lambda: timed(lambda: shop.run(command, "list")),
            "bare": lambda: timed(lambda: shop.run(python, "-c", "pass")),
            "socket": lambda: timed(lambda: shop.run(python, "-c", BARE_SOCKET, shop.state / "host.sock")),
        }
        interleaved(2, turns)
        figures = interleaved(rounds * REPEATS, turns)
    yield compared(
        "sendoff list",
        ("sendoff list", "python -c pass"),
        figures["list"],
        figures["bare"],
        speed=False,
        shown=milliseconds,
        at_most=6,
        note=f"a host that runs, {QUEUED} uploads in the list",
    )
    yield compared(
        "  over a bare socket",
        ("sendoff list", "python -c socket"),
        figures["list"],
        figures["socket"],
        speed=False,
        shown=milliseconds,
        note="the least that anybody in Python could ask a host with",
    )
