"""Real servers that keep half-done uploads, each behind a proxy that counts what leaves the host: the ways a resumable upload may take."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sendoff.testing.receiver import Receiver

from tests.servers.proxy import CountingProxy
from tests.servers.rufh import RufhServer
from tests.servers.tus import TusChecksums, TusNode

Found = list[tuple[int, str | None]]  # of each upload there: bytes, and the digest of those that are whole


@dataclass(kw_only=True)
class Road:
    """``with road:`` the way is open. protocol: the word for ``put``. path: where uploads go. found: what the server holds now.

    chunk_size: bytes a request, as a configuration says it. options: further words for ``put``. speaks: the server says something during a body; a host
    that dies before it has read that takes with it what lies in its kernel's buffers.
    """

    protocol: str
    server: Any
    path: str
    found: Callable[[Any], Found]
    rate: float | None = None
    chunk_size: str | None = None
    speaks: bool = False
    options: tuple[str, ...] = ()
    proxy: CountingProxy = field(init=False)

    def __enter__(self):
        self.server.open()
        self.proxy = CountingProxy("127.0.0.1", self.server.port, rate=self.rate).open()
        return self

    def __exit__(self, *_):
        self.proxy.close()
        self.server.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.proxy.port}{self.path}"

    @property
    def words(self):
        """What follows the source in a put."""
        return ("--protocol", self.protocol, *self.options, "kept:" if self.chunk_size else self.url)

    def configure(self, file: Path):
        """What a put needs to be said in a configuration file."""
        if self.chunk_size:
            file.write_text(
                f'[destinations.kept]\nurl = "{self.url}"\nprotocol = "{self.protocol}"\nprotocol_options = {{ chunk_size = "{self.chunk_size}" }}\n'
            )

    def uploads(self) -> Found:
        return self.found(self.server)

    def wait_for_bytes(self, count, *, since=0):
        """The requests from a number on, as soon as so many bytes of their bodies have left the host."""
        self.proxy.wait_until(lambda rows: sum(row.received for row in rows[since:]) >= count)
        return self.proxy.requests[since:]


def _of_tus(server) -> Found:
    held = [(upload, server.held(server.upload_url(upload.id))) for upload in server.uploads()]
    return [(len(content), _digest(content) if upload.complete else None) for upload, content in held]


def _of_receiver(server) -> Found:
    return [(upload.offset, _digest(server.stored(upload.name)) if upload.whole else None) for upload in server.uploads.all()]


def _of_rufh(server) -> Found:
    half = [(upload.offset, None) for upload in map(server.upload, server.live) if not upload.state.complete]
    whole = [path.read_bytes() for path in server.folder.iterdir() if path.is_file()]
    return [*half, *((len(content), _digest(content)) for content in whole)]


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def reference(folder: Path, rate: float | None = None) -> Road:
    """tus, at the reference server."""
    return Road(protocol="tus", server=TusNode(folder), path="/files", found=_of_tus, rate=rate)


def checksums(folder: Path, rate: float | None = None) -> Road:
    """tus, at a server that compares each chunk and keeps none that is broken off."""
    return Road(protocol="tus", server=TusChecksums(folder), path="/files", found=_of_tus, rate=rate, chunk_size="4M")


def own(folder: Path, rate: float | None = None) -> Road:
    """tus, at our own receiver."""
    return Road(protocol="tus", server=Receiver(folder, tus=True), path="/", found=_of_receiver, rate=rate, options=("--digest", "none"))


def draft(folder: Path, rate: float | None = None) -> Road:
    """The draft's way, at our own server for it."""
    return Road(protocol="rufh", server=RufhServer(folder, relative=True), path="/", found=_of_rufh, rate=rate, speaks=True)


ROADS = {"reference": reference, "checksums": checksums, "own": own, "draft": draft}
