"""Looking at what a server holds, as far as the caller demands it, over any HTTP protocol."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from io import RawIOBase
from time import sleep
from typing import BinaryIO, cast

from sendoff.errors import SendoffError, SourceChanged, Transient, Unverified
from sendoff.model.delivery import Demand
from sendoff.model.secret import public_url
from sendoff.ports.http_protocol import Answer, Exchange
from sendoff.ports.transport import Shipment

LEVELS = ("accepted", "size", "part-digests", "server-digest", "read-back")  # each surer than the one before
_BLOCK = 2**20
_PAUSES = (0.1, 0.2, 0.4)  # seconds


def needs_digest(demand: Demand) -> bool:
    """Whether the source's SHA-256 has to be known. demand: of the upload. Errors: none.

    >>> sendoff.needs_digest(sendoff.Demand(digest="sha256"))
    True
    """
    return demand.digest == "sha256" or demand.verify in ("digest", "read-back") or demand.expected_sha256 is not None


def sha256_of(shipment: Shipment) -> str:
    """The SHA-256 of the whole source, hex; it is read once more for it, and not sent.

    shipment: whose source. Errors: ``SourceChanged``, ``SourceUnavailable``, ``SourceUnreadable``, ``Interrupted``.

    Example: ``digests = {"sha256": sha256_of(shipment)}``.
    """
    digest, offset = hashlib.sha256(), 0
    room = memoryview(bytearray(min(_BLOCK, max(shipment.size, 1))))
    while offset < shipment.size:
        count = shipment.readinto(room[: min(len(room), shipment.size - offset)], offset, paced=False)
        if not count:
            raise SourceChanged(f"the file ended after {offset} of {shipment.size} bytes")
        digest.update(room[:count])
        offset += count
    return digest.hexdigest()


def check_expected(demand: Demand, sha256: str | None, *, what: str = "nothing was sent") -> None:
    """The source is what the caller said it is.

    demand: of the upload. sha256: of the source, hex. what: became of it so far. Errors: ``Unverified`` when it is something else.

    >>> sendoff.check_expected(sendoff.Demand(), None)
    """
    if demand.expected_sha256 and sha256 != demand.expected_sha256.lower():
        raise Unverified(f"the file's SHA-256 is {sha256}, not {demand.expected_sha256.lower()}; {what}", side="source")


def digest_field(sha256: str) -> str:
    """The value of ``Repr-Digest`` or ``Content-Digest`` (RFC 9530 section 2). sha256: hex. Errors: ``ValueError`` for what is no hex.

    >>> sendoff.digest_field("00" * 32)
    'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:'
    """
    return f"sha-256=:{b64encode(bytes.fromhex(sha256)).decode()}:"


def repr_sha256(value: str | None) -> str | None:
    """The SHA-256 of a ``Repr-Digest`` (RFC 9530 section 3), hex; None where there is none. value: of the header; None = it did not come. Errors: none.

    >>> sendoff.repr_sha256(sendoff.digest_field("ab" * 32)) == "ab" * 32
    True
    """
    found = re.search(r"(?:^|[\s,])sha-256=:([A-Za-z0-9+/=]+):", value or "")
    try:
        return b64decode(found[1], validate=True).hex() if found else None
    except Base64Error:
        return None


class Proof:
    """Asks the server for what was just sent.

    shipment: what was sent. exchange: to ask by. sha256: of the source, where it is known; it is read anew where a demand needs it.

    Example: ``Delivery(url=url, size=shipment.size, verified=Proof(shipment, exchange).of(url, answer=answer))``.
    """

    def __init__(self, shipment: Shipment, exchange: Exchange, sha256: str | None = None) -> None:
        self._shipment, self._exchange, self.sha256 = shipment, exchange, sha256

    def of(self, url: str, *, seen: str = "accepted", answer: Answer | None = None) -> str:
        """How surely the server holds it: the word for the receipt.

        url: where it lies. seen: what the protocol itself has observed, one of ``LEVELS``. answer: the last one, which may tell a digest.
        Errors: ``Unverified`` when that is less than ``shipment.demand`` asks, or what is there is something else; ``Transient`` where sending it again is
        the cure.
        """
        verify = self._shipment.demand.verify
        try:
            if verify == "size":
                return seen if _reaches(seen, "size") else self.size(url)
            if verify == "digest":
                return seen if _reaches(seen, "part-digests") else self._digest(url, answer)
            return self._read_back(url) if verify == "read-back" else self._told(url, seen, answer)
        except Transient as cause:
            raise self._doubt(public_url(url), f"asking for it failed: {cause}", cause) from cause

    def size(self, url: str) -> str:
        """The word for a size that the server was seen to hold. url: where it lies. Errors: ``Unverified`` for another one."""
        self._check_size(self._held(url))
        return "size"

    def holds(self, url: str) -> bool:
        """Whether what lies there is, byte for byte, what was to be sent; a question, nothing is demanded.

        url: where it lies. Errors: those of ``Exchange``.
        """
        sink = _Digesting(most=self._shipment.size + 1)
        held = self._exchange("GET", url, into=lambda answer: cast(BinaryIO, sink) if answer.status == 200 else None)
        return held.status == 200 and held.whole and sink.size == self._shipment.size and sink.digest.hexdigest() == self._source()

    def _told(self, url: str, seen: str, answer: Answer | None) -> str:
        """What the answer itself says about what was stored, without another question."""
        found = repr_sha256(answer.header("repr-digest")) if answer is not None and self.sha256 is not None else None
        if found is None:
            return seen
        self._compare(url, found)
        return "server-digest"

    def _doubt(self, where: str, why: str, cause: Transient | None = None) -> SendoffError:
        """Sending it once more is the cure where that does no harm."""
        if cause is not None and (self._shipment.operation.spec.repeatable or self._shipment.session is not None):
            return cause
        return Unverified(f"{where} took the file, but {why}")

    def _held(self, url: str, headers: Mapping[str, str] = {}) -> Answer:
        """What the server says of it; asked again, briefly, while that is less than was sent: some show a moment later what they took."""
        for pause in (*_PAUSES, None):
            held = self._exchange("HEAD", url, headers=headers)
            found = held.number("content-length") if held.status == 200 else 0 if held.status == 404 else None
            if pause is None or found is None or found >= self._shipment.size:
                break
            sleep(pause)
        return held

    def _check_size(self, held: Answer) -> None:
        where, found = public_url(held.url), held.number("content-length")
        if held.status != 200 or found is None:
            raise self._doubt(where, f"does not tell its size (HEAD was answered {held.status})")
        if found != self._shipment.size:
            raise Unverified(f"{where} holds {found} bytes instead of {self._shipment.size}")

    def _digest(self, url: str, answer: Answer | None) -> str:
        found = repr_sha256(answer.header("repr-digest")) if answer is not None else None
        if found is None:
            held = self._held(url, headers={"Want-Repr-Digest": "sha-256=10"})
            self._check_size(held)
            found = repr_sha256(held.header("repr-digest"))
        if found is None:
            raise self._doubt(public_url(url), "tells no digest of it; --verify read-back fetches it and compares")
        self._compare(url, found)
        return "server-digest"

    def _read_back(self, url: str) -> str:
        sink = _Digesting(most=self._shipment.size + 1)
        held = self._exchange("GET", url, into=lambda answer: cast(BinaryIO, sink) if answer.status == 200 else None)
        if held.status != 200 or not (held.whole or sink.size > self._shipment.size):
            raise self._doubt(public_url(url), f"it could not be fetched for comparison (status {held.status})")
        self._compare(url, sink.digest.hexdigest())
        return "read-back"

    def _compare(self, url: str, found: str) -> None:
        if found != self._source():
            raise Unverified(f"{public_url(url)} holds other bytes than were sent: SHA-256 {found} instead of {self._source()}")

    def _source(self) -> str:
        if self.sha256 is None:
            self.sha256 = sha256_of(self._shipment)
        return self.sha256


def _reaches(seen: str, wanted: str) -> bool:
    return LEVELS.index(seen) >= LEVELS.index(wanted)


class _Digesting(RawIOBase):
    """Digests what is written, and stops taking it once it is too long to be right."""

    def __init__(self, most: int | None = None) -> None:
        super().__init__()
        self.digest, self.size, self._most = hashlib.sha256(), 0, most

    def writable(self) -> bool:
        return True

    def write(self, block: bytes) -> int:  # type: ignore[override]
        if self._most is not None and self.size >= self._most:
            return 0
        self.digest.update(block)
        self.size += len(block)
        return len(block)
