"""Looking at what a server holds, as far as the caller demands it."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable
from io import RawIOBase
from typing import BinaryIO, cast

from sendoff import Demand, Shipment, Transient, Unverified, public_url

from sendoff_http.body import Body, NoBody
from sendoff_http.exchange import Answer, Exchange, Fields
from sendoff_http.watch import Watch


def needs_digest(demand: Demand) -> bool:
    """Whether the bytes' SHA-256 is to be made while they go out."""
    return demand.digest == "sha256" or demand.verify in ("digest", "read-back") or demand.expected_sha256 is not None


class Proof:
    """Asks the server for what was just sent."""

    def __init__(self, exchange: Exchange, watch: Watch, shipment: Shipment, headers: Callable[[], Fields]) -> None:
        self._exchange, self._watch, self._shipment, self._headers = exchange, watch, shipment, headers

    def of(self, url: str, answer: Answer, body: Body) -> str:
        """How surely the server holds it: the word for the receipt. ``Unverified`` when that is less than was demanded."""
        demand, where = self._shipment.demand, public_url(url)
        if demand.expected_sha256 and body.sha256 != demand.expected_sha256.lower():
            raise Unverified(f"the file's SHA-256 is {body.sha256}, not {demand.expected_sha256.lower()}; {where} holds what was sent", side="source")
        if demand.verify == "auto":
            return "accepted"
        try:
            if demand.verify == "size":
                return self.size(url)
            return self._digest(url, answer, body) if demand.verify == "digest" else self._read_back(url, body)
        except Transient as cause:
            raise self._doubt(where, f"asking for it failed: {cause}", cause) from cause

    def _doubt(self, where: str, why: str, cause: Transient | None = None) -> Unverified | Transient:
        """Sending it once more is the cure where that does no harm."""
        if cause is not None and self._shipment.operation.spec.repeatable:
            return cause
        return Unverified(f"{where} took the file, but {why}")

    def size(self, url: str) -> str:
        """The word for a size that the server was seen to hold; ``Unverified`` for another one."""
        with self._exchange.ask("HEAD", url, self._headers(), NoBody(self._watch)) as held:
            self._check_size(held)
        return "size"

    def _check_size(self, held: Answer) -> None:
        held.read_into(None)
        where, found = public_url(held.url), held.header("content-length")
        if held.status != 200 or found is None or not found.isdigit():
            raise self._doubt(where, f"does not tell its size (HEAD was answered {held.status})")
        if int(found) != self._shipment.size:
            raise Unverified(f"{where} holds {found} bytes instead of {self._shipment.size}")

    def _digest(self, url: str, answer: Answer, body: Body) -> str:
        found = repr_sha256(answer.header("repr-digest"))
        if found is None:
            wish = [*self._headers(), ("Want-Repr-Digest", "sha-256=10")]
            with self._exchange.ask("HEAD", url, wish, NoBody(self._watch)) as held:
                self._check_size(held)
                found = repr_sha256(held.header("repr-digest"))
        if found is None:
            raise self._doubt(public_url(url), "tells no digest of it; --verify read-back fetches it and compares")
        self._compare(url, found, body)
        return "server-digest"

    def _read_back(self, url: str, body: Body) -> str:
        sink = _Digesting()
        with self._exchange.ask("GET", url, self._headers(), NoBody(self._watch)) as held:
            whole = held.status == 200 and held.read_into(cast(BinaryIO, sink), most=self._shipment.size + 1, patient=self._watch)
        if not whole:
            raise self._doubt(public_url(url), f"it could not be fetched for comparison (status {held.status})")
        self._compare(url, sink.digest.hexdigest(), body)
        return "read-back"

    def _compare(self, url: str, found: str, body: Body) -> None:
        if found != body.sha256:
            raise Unverified(f"{public_url(url)} holds other bytes than were sent: SHA-256 {found} instead of {body.sha256}")


class _Digesting(RawIOBase):
    def __init__(self) -> None:
        super().__init__()
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, block: bytes) -> int:  # type: ignore[override]
        self.digest.update(block)
        return len(block)


def repr_sha256(value: str | None) -> str | None:
    """The SHA-256 of a ``Repr-Digest`` (RFC 9530 section 3), hex; None where there is none."""
    found = re.search(r"(?:^|[\s,])sha-256=:([A-Za-z0-9+/=]+):", value or "")
    try:
        return b64decode(found[1], validate=True).hex() if found else None
    except Base64Error:
        return None
