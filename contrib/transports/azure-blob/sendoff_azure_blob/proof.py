"""What the server is seen to hold, and how surely: the word for the receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azure.storage.blob import BlobBlock, BlobProperties
from sendoff import Delivery, Shipment, Unverified, check_expected, needs_digest, sha256_of

from sendoff_azure_blob.answers import Refusal, mismatch
from sendoff_azure_blob.names import Name
from sendoff_azure_blob.part import Part, md5_of
from sendoff_azure_blob.thing import Thing, mark_of, md5_in

LEVELS = ("accepted", "size", "part-digests", "server-digest", "read-back")  # each surer than the one before
_WANTED = {"auto": "accepted", "size": "size", "digest": "part-digests", "read-back": "read-back"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out. seen: what the answers themselves have shown. md5: of the whole. told: by the answer that ended it."""

    token: str
    seen: str = "accepted"
    md5: bytes | None = None
    told: Mapping[str, Any] | None = None


class Proof:
    """Looks at one blob after it was sent. sha256: of the source, where a demand needs it."""

    def __init__(self, shipment: Shipment, thing: Thing, sha256: str | None = None) -> None:
        self._shipment, self._thing, self._sha256 = shipment, thing, sha256

    @classmethod
    def begun(cls, shipment: Shipment, thing: Thing) -> Proof:
        """Before anything is sent: the source is what its caller said. ``Unverified`` when it is not."""
        digest = needs_digest(shipment.demand)
        sha256 = sha256_of(shipment) if digest else None
        check_expected(shipment.demand, sha256)
        return cls(shipment, thing, sha256)

    def of(self, sent: Sent) -> Delivery:
        """The delivery of what was just completed. ``Unverified`` when less was seen than was demanded, or something else."""
        told = sent.told or {}
        etag, version = told.get("etag"), told.get("version_id")
        if sent.seen == "server-digest":
            return self._delivery(sent, etag, version)
        try:
            held = self._thing.head()
        except Refusal as refusal:
            if not refusal.unseen:
                raise
            return self._delivery(sent, etag, version)  # it may not be seen; what the answers said is all there is
        if held is None:
            raise mismatch(self._thing.wire.where, "is not there, although the server has said that it took it")
        if mark_of(held) != sent.token and held.etag != etag:
            return self._delivery(sent, etag, version)  # somebody has replaced it meanwhile; it did arrive
        self._same_size(held)
        return self._delivery(replace(sent, seen=_surer(sent.seen, "size")), etag, version)

    def found(self, held: BlobProperties) -> Delivery:
        """The delivery of a blob that an earlier try had completed, compared with the source as far as the server tells of it."""
        self._same_size(held)
        committed, _ = self._thing.lists()
        md5 = md5_in(held)
        seen = "size"
        if committed:
            seen = "part-digests" if self._same_blocks(committed) else "size"
        elif md5 is not None and not committed:  # of one request: the server has counted it itself
            self._same_md5(md5, md5_of(self._shipment, self._thing.wire))
            seen = "server-digest"
        self._shipment.confirm(self._shipment.size)
        return self._delivery(Sent(token="", seen=seen, md5=md5), held.etag, held.version_id)

    def skipped(self, held: BlobProperties) -> Delivery:
        """What was there is left alone; it counts where its size is the file's."""
        self._same_size(held)
        return replace(self._delivery(Sent(token="", seen="size"), held.etag, held.version_id, check=False), existing="skipped")

    def compared(self, told: bytes | None, md5: bytes) -> bool:
        """Whether the server says that it received these bytes. ``Unverified`` where it says others."""
        if told is not None:
            self._same_md5(told, md5)
        return told is not None

    def _same_size(self, held: BlobProperties) -> None:
        if held.size != self._shipment.size:
            raise mismatch(self._thing.wire.where, f"has {held.size} bytes at the server instead of {self._shipment.size}")

    def _same_md5(self, stored: bytes, own: bytes) -> None:
        if stored != own:
            raise mismatch(self._thing.wire.where, f"has other bytes at the server: MD5 {stored.hex()} instead of {own.hex()}")

    def _same_blocks(self, committed: list[BlobBlock]) -> bool:
        """Whether the names of the blocks tell what is in them, and that is what the source has."""
        start = 0
        for block in committed:
            name = Name.read(block.id)
            if name is None:
                return False
            part = Part(self._shipment, self._thing.wire, start, block.size, held=False).digest()
            if Name.of(name.id, name.number, part.md5) != name:
                raise mismatch(self._thing.wire.where, f"has other bytes at the server in block {name.number}")
            start += block.size
        return start == self._shipment.size

    def _delivery(self, sent: Sent, etag: str | None, version: str | None, *, check: bool = True) -> Delivery:
        if check and self._shipment.demand.verify == "read-back":
            self._read_back()
            sent = replace(sent, seen="read-back")
        wanted = _WANTED[self._shipment.demand.verify]
        if check and LEVELS.index(sent.seen) < LEVELS.index(wanted):
            raise Unverified(f"{self._thing.wire.where} was taken, but the server shows no {wanted} of it; --verify read-back fetches it and compares")
        digests = {"sha256": self._sha256} if self._sha256 else {}
        if sent.md5 is not None:
            digests["md5"] = sent.md5.hex()
        return Delivery(
            url=self._shipment.target.public, size=self._shipment.size, verified=sent.seen, digests=digests, etag=etag, version_id=version,
        )  # fmt: skip

    def _read_back(self) -> None:
        digest = hashlib.sha256()
        self._thing.read(digest.update)
        if digest.hexdigest() != self._sha256:
            raise mismatch(self._thing.wire.where, f"has other bytes at the server: SHA-256 {digest.hexdigest()} instead of {self._sha256}")


def _surer(one: str, other: str) -> str:
    return max(one, other, key=LEVELS.index)
