"""How surely the server holds what was sent: by the best means that it offers."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sendoff import Demand, Shipment, Unverified

from sendoff_sftp import files, reading
from sendoff_sftp.address import shown
from sendoff_sftp.files import Files
from sendoff_sftp.reading import SourceDigest
from sendoff_sftp.settings import Settings
from sendoff_sftp.wire import Said

_ALGORITHMS = ("sha256", "sha512", "sha384", "sha224", "sha1", "md5")  # against accidents any of them will do; the first that the server knows


@dataclass(frozen=True, slots=True)
class Seen:
    """The word for the receipt, and the digests behind it."""

    word: str
    digests: Mapping[str, str] = field(default_factory=dict)


class Proof:
    """Chooses the means before anything is sent, since a digest is made on the way. run: a command at the server; None = not to be had."""

    def __init__(self, at: Files, shipment: Shipment, settings: Settings, run: Callable[[str], bytes | None]) -> None:
        self._files, self._shipment, self._settings, self._run = at, shipment, settings, run
        demand = shipment.demand
        self._offered = _offered(at)
        wanted = {"sha256"} if _wants_sha256(demand) else set()
        if demand.verify in ("auto", "digest") and self._offered:
            wanted.add(self._offered)
        self._digests = [SourceDigest(shipment, name) for name in sorted(wanted)]

    def add(self, block: memoryview) -> None:
        """Goes out now."""
        for digest in self._digests:
            digest.add(block)

    def catch_up(self, stop: int) -> None:
        """Went out in an earlier try."""
        for digest in self._digests:
            digest.catch_up(stop)

    def of(self, handle: bytes, path: bytes) -> Seen:
        """What was seen of the finished part, its size having been checked. ``Unverified`` where that is less than was demanded, or something else."""
        mine = {digest.algorithm: digest.value() for digest in self._digests}
        demand, where = self._shipment.demand, shown(path)
        shown_ones = {name: value.hex() for name, value in mine.items() if name == "sha256"}
        if demand.expected_sha256 and shown_ones["sha256"] != demand.expected_sha256.lower():
            raise Unverified(f"the file's SHA-256 is {shown_ones['sha256']}, not {demand.expected_sha256.lower()}; it is not published", side="source")
        if demand.verify == "size":
            return Seen("size", shown_ones)
        if demand.verify == "read-back":
            if not reading.same(self._files, handle, self._shipment, 0, self._shipment.size):
                raise Unverified(f"{where} holds other bytes than were sent; it is not published")
            return Seen("read-back", shown_ones)
        theirs = self._told(handle, mine) or self._commanded(path)
        if theirs is None:
            if demand.verify == "digest":
                raise Unverified(f"{where}: the server tells no digest", hint="--verify read-back fetches it and compares; or name a digest_command that may be run")
            return Seen("size", shown_ones)
        name, value = theirs
        if name not in mine:
            mine[name] = self._anew(name)
        if value != mine[name]:
            raise Unverified(f"{where} holds other bytes than were sent: its {name} is {value.hex()} instead of {mine[name].hex()}; it is not published")
        return Seen("server-digest", {**shown_ones, name: value.hex()})

    def _told(self, handle: bytes, mine: Mapping[str, bytes]) -> tuple[str, bytes] | None:
        """By the extension ``check-file``."""
        if self._offered is None or self._shipment.size == 0:
            return None
        try:
            name, value = self._files.digest(handle, self._offered)
        except Said:
            return None
        return (name, value) if name in mine and len(value) == hashlib.new(name, usedforsecurity=False).digest_size else None

    def _commanded(self, path: bytes) -> tuple[str, bytes] | None:
        """By a command that may be run there."""
        if self._settings.digest_command is None or self._shipment.demand.verify != "digest":
            return None
        said = self._run(f"{self._settings.digest_command} {shlex.quote(path.decode('utf-8', 'surrogateescape'))}")
        found = re.search(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", (said or b"").lower())
        return ("sha256", bytes.fromhex(found[0].decode())) if found else None

    def _anew(self, name: str) -> bytes:
        digest = SourceDigest(self._shipment, name)
        digest.catch_up(self._shipment.size)
        return digest.value()


def _wants_sha256(demand: Demand) -> bool:
    return demand.digest == "sha256" or demand.verify in ("digest", "read-back") or demand.expected_sha256 is not None


def _offered(at: Files) -> str | None:
    """The algorithm that the server's ``check-file`` knows and we like best."""
    names = {name.strip().lower() for name in at.wire.extensions.get(files.CHECK, "").split(",")}
    return next((name for name in _ALGORITHMS if name in names), None)
