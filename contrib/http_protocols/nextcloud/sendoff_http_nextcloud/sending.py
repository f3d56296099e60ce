"""Sending bytes to a Nextcloud, and what it is told and asked about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from sendoff import Answer, Exchange, Into, Proof, Shipment, Span, Unverified, sha256_of

from sendoff_http_nextcloud.dav import Dav

MOST_MISMATCHES = 3
EARLIEST = 86_400  # seconds since 1970: a time before that is refused by the server, which takes it for a mistake
_TELLING = ("location", "content-location", "link")


def put(exchange: Exchange, url: str, span: Span, headers: Mapping[str, str], *, checked: bool, into: Into) -> tuple[Answer, bool]:
    """One ``PUT``; the answer, and whether the server received what was sent by its own digest of it.

    checked: it is asked for that (``X-Hash``, which the server calculates while it writes); one that differs is sent again, a few times.
    Errors: ``Unverified`` when something on the way changes the bytes.
    """
    if not checked:
        return exchange("PUT", url, headers=headers, body=span, into=into), False
    for _ in range(MOST_MISMATCHES):
        answer = exchange("PUT", url, headers={**headers, "X-Hash": "sha256"}, body=span, into=into)
        told = (answer.header("x-hash-sha256") or "").lower()
        if not answer.good or not told or answer.sha256 is None:
            return answer, False
        if told == answer.sha256:
            return answer, True
    raise Unverified(f"{span.shipment.target.public} received other bytes than were sent, {MOST_MISMATCHES} times in a row; something on the way changes them")


def proved(shipment: Shipment, exchange: Exchange, seen: str, sha256: str | None) -> str:
    """The word for the receipt. seen: what has been observed so far; the server's own digest is asked for where that is demanded and was not told yet."""
    if shipment.demand.verify == "digest" and seen in ("accepted", "size"):
        found = Dav(exchange, shipment.target.public).digest(shipment.target.url)
        if found is not None:
            check_digest(shipment, found, sha256)
            seen = "server-digest"
    return Proof(shipment, exchange, sha256).of(shipment.target.url, seen=seen)


def check_digest(shipment: Shipment, found: str, sha256: str | None) -> None:
    """``Unverified`` unless this is the source's. sha256: of the source, where it is known."""
    own = sha256 or sha256_of(shipment)
    if found != own:
        raise Unverified(f"{shipment.target.public} holds other bytes than were sent: SHA-256 {found} instead of {own}")


def time_of(shipment: Shipment) -> int | None:
    """The time that the file was last modified, seconds since 1970; None where the server would refuse it."""
    identity = shipment.operation.spec.source.identity
    modified = identity.mtime_ns // 10**9 if identity is not None else 0
    return modified if modified > EARLIEST else None


def describing(shipment: Shipment, sha256: str | None) -> dict[str, str]:
    """What goes with the request that makes the file: its time, and its digest where that is known; the server keeps both as it is told them."""
    headers, modified = {}, time_of(shipment)
    if modified is not None:
        headers["X-OC-Mtime"] = str(modified)
    if sha256 is not None:
        headers["OC-Checksum"] = f"SHA256:{sha256}"
    return headers


def kept(shipment: Shipment) -> Into:
    """This answer is kept, whatever it says; it is told as the target's."""

    def into(answer: Answer) -> BinaryIO:
        return shipment.answered(answer.status, tuple(pair for pair in answer.headers if pair[0].lower() not in _TELLING), shipment.target.public)

    return into


def refusals(shipment: Shipment) -> Into:
    """This answer is kept where it refuses; a success is a step on the way."""
    keep = kept(shipment)
    return lambda answer: None if answer.good else keep(answer)
