"""A file that fits into one chunk: one plain PUT."""

from __future__ import annotations

from sendoff import (
    Answer,
    Delivery,
    Exchange,
    Proof,
    Shipment,
    Span,
    TargetExists,
    Unverified,
    check_expected,
    needs_digest,
    sha256_of,
)

from sendoff_http_nextcloud.address import parent_of, place_of
from sendoff_http_nextcloud.dav import Dav
from sendoff_http_nextcloud.multistatus import Resource
from sendoff_http_nextcloud.sending import describing, kept, proved, put

_DONE = frozenset({201, 204})
_WITHOUT_PARENT = frozenset({404, 409})


class Single:
    """Everything about one try. checked: the server is asked for its digest of what it received."""

    def __init__(self, shipment: Shipment, exchange: Exchange, *, checked: bool) -> None:
        self._shipment, self._exchange, self._checked = shipment, exchange, checked
        self._dav = Dav(exchange, shipment.target.public)

    def run(self) -> Delivery:
        """Looks first where nothing may be overwritten, sends, makes the folders that turn out to be missing, and proves what landed."""
        shipment = self._shipment
        shipment.carried("nextcloud", resumable=False)
        there = self._dav.look(shipment.target.url) if is_careful(shipment) else None
        if there is not None:
            return left_alone(shipment, self._exchange, there)
        sha256 = sha256_of(shipment) if shipment.demand.digest == "sha256" else None
        if sha256 is not None:
            check_expected(shipment.demand, sha256)
        answer, told = self._put(sha256)
        if answer.status in _WITHOUT_PARENT:
            self._dav.make_folders(parent_of(shipment.target.url), top_of(shipment))
            answer, told = self._put(sha256)
        return self._verdict(answer, sha256 or answer.sha256, told=told)

    def _put(self, sha256: str | None) -> tuple[Answer, bool]:
        shipment = self._shipment
        headers = describing(shipment, sha256) | ({"If-None-Match": "*"} if is_careful(shipment) else {})
        span = Span(shipment, 0, shipment.size, completes=True, digest=self._checked or needs_digest(shipment.demand))
        return put(self._exchange, shipment.target.url, span, headers, checked=self._checked, into=kept(shipment))

    def _verdict(self, answer: Answer, sha256: str | None, *, told: bool) -> Delivery:
        shipment = self._shipment
        if answer.status in _DONE and answer.took_all:
            return self._delivered(answer, sha256, told=told)
        there = self._dav.look(shipment.target.url) if answer.status == 412 and is_careful(shipment) else None
        if there is not None:
            return left_alone(shipment, self._exchange, there)
        raise self._dav.refusal(answer)

    def _delivered(self, answer: Answer, sha256: str | None, *, told: bool) -> Delivery:
        shipment = self._shipment
        shipment.confirm(shipment.size)
        check_expected(shipment.demand, sha256, what=f"{shipment.target.public} holds what was sent")
        verified = proved(shipment, self._exchange, "server-digest" if told else "accepted", sha256)
        existing = None if not is_careful(shipment) else "created" if answer.status == 201 else "unconfirmed"
        return Delivery(
            url=shipment.target.public, size=shipment.size, verified=verified, existing=existing, digests={"sha256": sha256} if sha256 else {},
            etag=answer.header("etag"),
        )  # fmt: skip


def is_careful(shipment: Shipment) -> bool:
    """Nothing that is there may be overwritten."""
    return shipment.demand.existing != "overwrite"


def top_of(shipment: Shipment) -> str:
    """The folder below which missing ones are made: the user's files, or the destination where the address does not tell them."""
    place = place_of(shipment.target.url)
    return shipment.root if place is None else place.files


def left_alone(shipment: Shipment, exchange: Exchange, there: Resource) -> Delivery:
    """Something lies at the target already: our own from a try whose answer was lost, something to be left alone, or in the way."""
    where, proof = shipment.target.public, Proof(shipment, exchange)
    if not there.folder and shipment.operation.tally.sent >= shipment.size > 0 and there.size == shipment.size and proof.holds(shipment.target.url):
        digests = {"sha256": proof.sha256} if proof.sha256 else {}
        return Delivery(url=where, size=shipment.size, verified="read-back", existing="created", digests=digests, etag=there.etag)
    if there.folder:
        raise TargetExists(f"{where} is a folder; nothing was put in its place")
    if shipment.demand.existing != "skip":
        raise TargetExists(f"{where} has something there already; nothing was put in its place")
    if there.size != shipment.size:
        raise Unverified(f"{where} holds {there.size} bytes instead of {shipment.size}")
    return Delivery(url=where, size=shipment.size, verified="size", existing="skipped", etag=there.etag)
