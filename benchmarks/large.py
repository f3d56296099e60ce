"""One file of a gibibyte, against curl."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.servers import program, sink
from benchmarks.workshop import Workshop

SIZE = 1 << 30


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    curl = program("curl", "apt-get install curl")
    source = shop.folder / "large.bin"
    with source.open("wb") as file:
        for number in range(SIZE >> 20):
            file.write(number.to_bytes(4, "big") * (1 << 18))
    names = (f"large-{number}.bin" for number in count())
    with sink() as url, shop.host():
        turns = {
            "sendoff": lambda: timed(lambda: shop.sendoff("put", "--wait", source, f"{url}{next(names)}")),
            "curl": lambda: timed(lambda: shop.run(curl, "-sS", "--fail", "-T", source, f"{url}{next(names)}")),
        }
        interleaved(1, turns)
        figures = interleaved(rounds, turns)
    yield compared(
        "1 GiB PUT",
        ("sendoff put --wait", "curl -T"),
        figures["sendoff"],
        figures["curl"],
        speed=True,
        shown=lambda seconds: f"{SIZE / seconds / (1 << 30):.2f} GiB/s",
        note="whole commands, into a server that drops the bytes",
    )
