"""HTTP on a raw socket, so that a test sees each interim answer and can stop in the middle of a body."""

from __future__ import annotations

import json
import socket
from dataclasses import dataclass
from types import TracebackType
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Said:
    """An answer of the server."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes = b""
    interims: tuple[Said, ...] = ()

    def __getitem__(self, name: str) -> str | None:
        return next((value for key, value in self.fields if key.lower() == name.lower()), None)

    @property
    def problem(self) -> dict[str, object]:
        """The problem that it describes."""
        assert self["content-type"] == "application/problem+json"
        told: dict[str, object] = json.loads(self.body)
        return told


class Wire:
    """One connection."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._socket = socket.create_connection((self._address.hostname, self._address.port), 20)
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends it."""
        self._file.close()
        self._socket.close()

    def begin(self, method: str, target: str, fields: dict[str, str]) -> None:
        """Sends a head and nothing else."""
        path = target if target == "*" else urlsplit(target).path
        lines = (f"{method} {path} HTTP/1.1", f"Host: {self._address.netloc}", *(f"{name}: {value}" for name, value in fields.items()), "", "")
        self.send("\r\n".join(lines).encode())

    def send(self, data: bytes) -> None:
        """Sends some more."""
        self._socket.sendall(data)

    def stop_writing(self) -> None:
        """Says that no more will come."""
        self._socket.shutdown(socket.SHUT_WR)

    def hear(self, method: str = "GET") -> Said:
        """The next final answer, with the interim ones before it; ``ConnectionError`` when there is none."""
        interims = []
        while (said := self.hear_one(method)).status < 200:
            interims.append(said)
        return Said(said.status, said.fields, said.body, tuple(interims))

    def hear_one(self, method: str = "GET") -> Said:
        """The next answer, interim or not."""
        line = self._file.readline()
        if not line:
            raise ConnectionError("the server has hung up")
        status = int(line.split()[1])
        fields = []
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            fields.append((name, value.strip()))
        bare = Said(status, tuple(fields))
        size = int(bare["content-length"] or 0)
        return Said(status, bare.fields, self._file.read(size) if size and method != "HEAD" and status >= 200 else b"")


def ask(method: str, url: str, body: bytes | None = None, **fields: str) -> Said:
    """One request on a connection of its own; ``Upload_Complete="?1"`` is a field, and ``_`` is ``-``."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    sized = {"Content-Length": str(len(body))} if body is not None and "Content-Length" not in named and "Transfer-Encoding" not in named else {}
    with Wire(url) as wire:
        wire.begin(method, url, {**named, **sized})
        wire.send(body or b"")
        return wire.hear(method)
