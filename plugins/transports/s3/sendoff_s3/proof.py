"""What the server is seen to hold, and how surely: the word for the receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sendoff import Delivery, Shipment, Unverified, check_expected, needs_digest, sha256_of

from sendoff_s3 import checksum
from sendoff_s3.answers import UNSEEN, Refusal, mismatch
from sendoff_s3.thing import TOKEN, Thing, mark_of

METADATA = "metadata"  # learned: whether the server keeps our mark
CHECKSUMS = "checksums"  # learned: the server answers with a CRC32 of its own; what a HEAD says alone may be an echo of what it was told
LEVELS = ("accepted", "size", "part-digests", "server-digest", "read-back")  # each surer than the one before
_WANTED = {"auto": "accepted", "size": "size", "digest": "part-digests", "read-back": "read-back"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What went out. seen: what the answers themselves have shown. crc: of the whole. told: by the answer that ended it."""

    token: str
    crc: int | None
    seen: str = "accepted"
    told: Mapping[str, Any] | None = None


class Proof:
    """Looks at one object after it was sent. sha256: of the source, where a demand needs it."""

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
        if self.whole(told) is not None:
            self._note(CHECKSUMS, True)
            sent = self._compared_crc(sent, told)
        if sent.seen == "server-digest" and self._shipment.demand.verify != "read-back":
            return self._delivery(sent, told)
        try:
            held = self._thing.head()
        except Refusal as refusal:
            if refusal.status not in UNSEEN:
                raise
            return self._delivery(sent, told)  # it may not be seen; what the answers said is all there is
        if held is None:
            raise mismatch(self._thing.wire.where, "is not there, although the server has said that it took it")
        self._learn(held, sent.token)
        return self._delivery(self.compared(sent, held), {**held, **_without_nothing(told)})

    def compared(self, sent: Sent, held: Mapping[str, Any]) -> Sent:
        """With what was seen in an object that has to be ours; ``Unverified`` when it is another."""
        where, length = self._thing.wire.where, held.get("ContentLength")
        if length != self._shipment.size:
            raise mismatch(where, f"has {length} bytes at the server instead of {self._shipment.size}")
        sent = replace(sent, seen=_surer(sent.seen, "size"))
        return self._compared_crc(sent, held) if self._known(CHECKSUMS) else sent

    @staticmethod
    def whole(told: Mapping[str, Any]) -> int | None:
        """The CRC32 of a whole object that an answer tells; that of its parts' checksums is none."""
        return checksum.read(told.get("ChecksumCRC32")) if told.get("ChecksumType") != "COMPOSITE" else None

    def _compared_crc(self, sent: Sent, told: Mapping[str, Any]) -> Sent:
        stored = self.whole(told)
        if stored is None or sent.crc is None:
            return sent
        if stored != sent.crc:
            raise mismatch(self._thing.wire.where, f"has other bytes at the server: CRC32 {stored:08x} instead of {sent.crc:08x}")
        return replace(sent, seen="server-digest")

    def found(self, held: Mapping[str, Any], sent: Sent) -> Delivery:
        """The delivery of an object that an earlier try had completed."""
        return self._delivery(self.compared(sent, held), held)

    def skipped(self, held: Mapping[str, Any]) -> Delivery:
        """What was there is left alone; it counts where its size is the file's."""
        sent = self.compared(Sent(token="", crc=None), held)
        return replace(self._delivery(sent, held, check=False), existing="skipped")

    def _delivery(self, sent: Sent, held: Mapping[str, Any], *, check: bool = True) -> Delivery:
        if check and self._shipment.demand.verify == "read-back":
            self._read_back()
            sent = replace(sent, seen="read-back")
        wanted = _WANTED[self._shipment.demand.verify]
        if check and LEVELS.index(sent.seen) < LEVELS.index(wanted):
            raise Unverified(f"{self._thing.wire.where} was taken, but the server shows no {wanted} of it; --verify read-back fetches it and compares")
        digests = {"sha256": self._sha256} if self._sha256 else {}
        if sent.crc is not None:
            digests["crc32"] = f"{sent.crc:08x}"
        etag, version = held.get("ETag"), held.get("VersionId")
        return Delivery(
            url=self._shipment.target.public, size=self._shipment.size, verified=sent.seen, digests=digests, etag=etag, version_id=version,
        )  # fmt: skip

    def _read_back(self) -> None:
        digest = hashlib.sha256()

        def read(body: Any) -> None:
            size = 0
            while size <= self._shipment.size and (piece := body.read(2**20)):
                digest.update(piece)
                size += len(piece)

        self._thing.call("get_object", reading=read, **self._thing.customer_key())
        if digest.hexdigest() != self._sha256:
            raise mismatch(self._thing.wire.where, f"has other bytes at the server: SHA-256 {digest.hexdigest()} instead of {self._sha256}")

    def _learn(self, held: Mapping[str, Any], token: str) -> None:
        """Whether the server keeps the mark by which an upload is known again."""
        kept = mark_of(dict(held)) == token
        if self._note(METADATA, kept) and not kept:
            text = "the server of %s loses the metadata %s: after a lost answer an upload cannot be known again there"
            self._thing.service.toolkit.log.warning(text, self._thing.wire.where, TOKEN)

    def _known(self, key: str) -> bool:
        return self._thing.service.toolkit.learned.get(key) is True

    def _note(self, key: str, value: bool) -> bool:
        """Keeps what was seen of the server; whether it is news."""
        learned = self._thing.service.toolkit.learned
        if learned.get(key) == value:
            return False
        learned.put(key, value)
        return True


def _surer(one: str, other: str) -> str:
    return max(one, other, key=LEVELS.index)


def _without_nothing(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value}
