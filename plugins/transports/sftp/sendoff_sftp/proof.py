"""How surely the server holds what was sent: by the best means that it offers."""

from __future__ import annotations

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
        offered = _offered(at) if demand.verify in ("auto", "digest") and shipment.size else None
        self._pieces = reading.PieceDigests(shipment, offered) if offered else None
        self._whole = SourceDigest(shipment, "sha256") if _wants_sha256(demand) else None
        self._compared = 0  # bytes from the beginning that were fetched in this try
        self._digests: list[SourceDigest | reading.PieceDigests] = [one for one in (self._pieces, self._whole) if one is not None]

    @property
    def reads(self) -> bool:
        """Whether the server has to read the file for it, and not every handle may."""
        return self._shipment.demand.verify == "read-back" or self._pieces is not None

    def add(self, block: memoryview) -> None:
        """Goes out now."""
        for digest in self._digests:
            digest.add(block)

    def catch_up(self, stop: int) -> None:
        """Went out in an earlier try, and was compared before it was relied on."""
        self._compared = stop
        for digest in self._digests:
            digest.catch_up(stop)

    def of(self, handle: bytes, path: bytes) -> Seen:
        """What was seen of the finished part, its size having been checked. ``Unverified`` where that is less than was demanded, or something else."""
        demand, where = self._shipment.demand, shown(path)
        mine = self._whole.value() if self._whole else None
        digests = {"sha256": mine.hex()} if mine else {}
        if demand.expected_sha256 and digests["sha256"] != demand.expected_sha256.lower():
            raise Unverified(f"the file's SHA-256 is {digests['sha256']}, not {demand.expected_sha256.lower()}; it is not published", side="source")
        if demand.verify == "size":
            return Seen("size", digests)
        if demand.verify == "read-back":
            if not reading.same(self._files, handle, self._shipment, self._compared, self._shipment.size):
                raise Unverified(f"{where} holds other bytes than were sent; it is not published")
            return Seen("read-back", digests)
        return Seen(self._digested(handle, path, mine), digests)

    def _digested(self, handle: bytes, path: bytes, mine: bytes | None) -> str:
        """The word for what the server's own digests show; its size is what is left where it tells none."""
        where = shown(path)
        same = self._pieces.same(self._files, handle, self._shipment.size) if self._pieces else None
        if same is not None:
            if not same and self._pieces:
                raise Unverified(f"{where} holds other bytes than were sent: its {self._pieces.algorithm} digests differ; it is not published")
            return "part-digests"
        theirs = self._commanded(path)
        if theirs is not None:
            if theirs != mine:
                raise Unverified(f"{where} holds other bytes than were sent: its SHA-256 is {theirs.hex()}; it is not published")
            return "server-digest"
        if self._shipment.demand.verify == "digest":
            raise Unverified(
                f"{where}: the server tells no digest", hint="--verify read-back fetches it and compares; or name a digest_command that may be run", told=False
            )
        return "size"

    def _commanded(self, path: bytes) -> bytes | None:
        """By a command that may be run there."""
        if self._settings.digest_command is None or self._shipment.demand.verify != "digest":
            return None
        said = self._run(f"{self._settings.digest_command} {shlex.quote(path.decode('utf-8', 'surrogateescape'))}")
        found = re.search(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", (said or b"").lower())
        return bytes.fromhex(found[0].decode()) if found else None


def _wants_sha256(demand: Demand) -> bool:
    return demand.digest == "sha256" or demand.verify in ("digest", "read-back") or demand.expected_sha256 is not None


def _offered(at: Files) -> str | None:
    """The algorithm that the server's ``check-file`` knows and we like best."""
    names = {name.strip().lower() for name in at.wire.extensions.get(files.CHECK, "").split(",")}
    return next((name for name in _ALGORITHMS if name in names), None)
