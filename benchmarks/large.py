"""One file of a gibibyte, against curl."""

from __future__ import annotations

from collections.abc import Iterator

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
    with sink() as url, shop.host():
        turns = {
            "sendoff": lambda: timed(lambda: shop.sendoff("put", "--wait", "--again", source, f"{url}large.bin")),
            "curl": lambda: timed(lambda: shop.run(curl, "-sS", "--fail", "-T", source, f"{url}large.bin")),
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
