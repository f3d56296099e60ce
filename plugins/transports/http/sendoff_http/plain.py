"""Plain requests: one carries the whole file; a broken one begins again."""

from __future__ import annotations

from typing import BinaryIO

from pydantic import BaseModel, ConfigDict
from sendoff import (
    Answer,
    Delivery,
    Exchange,
    HttpProtocol,
    Proof,
    SessionLost,
    Shipment,
    Span,
    TargetExists,
    Transient,
    TransportToolkit,
    WebErrorStatus,
    check_expected,
    digest_field,
    needs_digest,
    public_url,
    sha256_of,
)

from sendoff_http import answers
from sendoff_http.address import origin
from sendoff_http.answers import pointed_to

HONORED = "if-none-match"  # learned of a destination that was seen to keep the condition


class Settings(BaseModel):
    """There is nothing to say about plain requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Plain(HttpProtocol):
    """Sends a file as the body of one PUT, POST or other request (RFC 9110 section 9.3)."""

    Settings = Settings

    def send(self, shipment: Shipment, exchange: Exchange) -> Delivery:
        """One request with the whole body and its exact length, and what else the answer makes necessary.

        ``SessionLost`` for what was begun in another way: that is put away, and all of it goes out from here.
        """
        if shipment.session is not None:
            raise SessionLost(f"{shipment.target.public}: the half-done upload was begun in another way, and a plain request cannot go on with it")
        shipment.carried("plain", resumable=False)
        return _Sending(shipment, exchange, self.toolkit).run()


class _Sending:
    """Everything about one try."""

    def __init__(self, shipment: Shipment, exchange: Exchange, toolkit: TransportToolkit) -> None:
        self._shipment, self._exchange, self._toolkit = shipment, exchange, toolkit
        self._method = shipment.operation.spec.method or "PUT"
        self._careful = shipment.demand.existing != "overwrite"

    def run(self) -> Delivery:
        """Looks first where nothing may be overwritten, sends, and proves what landed."""
        if self._careful and not self._toolkit.learned.get(HONORED):
            there = self._exchange("HEAD", self._shipment.target.url)
            if there.status == 200:
                return self._found(there)
        sha256 = self._told_before()
        answer = self._exchange(self._method, self._shipment.target.url, headers=self._headers(sha256), body=self._body(sha256), into=self._kept)
        return self._verdict(answer, sha256 or answer.sha256)

    def _told_before(self) -> str | None:
        """The file's digest, where it goes out with the file: it is read once more for that."""
        demand = self._shipment.demand
        if demand.digest != "sha256":
            return None
        sha256 = sha256_of(self._shipment)
        check_expected(demand, sha256)
        return sha256

    def _headers(self, sha256: str | None) -> dict[str, str]:
        """RFC 9110 section 13.1.2; RFC 9530 sections 2 and 3, which a server is free to ignore."""
        spec, headers = self._shipment.operation.spec, {}
        if self._careful:
            headers["If-None-Match"] = "*"
        if spec.idempotency_key is not None:
            headers["Idempotency-Key"] = spec.idempotency_key
        if sha256 is not None:
            headers |= {"Content-Digest": digest_field(sha256), "Repr-Digest": digest_field(sha256)}
        elif self._shipment.demand.expected_sha256 is not None:
            headers["Repr-Digest"] = digest_field(self._shipment.demand.expected_sha256)
        return headers

    def _body(self, sha256: str | None) -> Span:
        size = self._shipment.size
        return Span(self._shipment, 0, size, completes=True, digest=sha256 is None and needs_digest(self._shipment.demand))

    def _kept(self, answer: Answer) -> BinaryIO:
        return self._shipment.answered(answer.status, answer.headers, public_url(answer.url))

    # -- what comes back

    def _verdict(self, answer: Answer, sha256: str | None) -> Delivery:
        where = public_url(answer.url)
        if answer.status in answers.DONE and answer.took_all:
            return self._delivered(answer, sha256)
        if answer.good and not answer.took_all:
            text = f"{where} answered {answer.status} after {answer.sent} of {self._shipment.size} bytes; whoever answered did not take the file"
            raise Transient(text, http_status=answer.status, web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))
        if answer.status == 412 and self._careful:
            self._toolkit.learned.put(HONORED, True)
            return self._found(answer)
        raise self._exchange.refusal(answer)

    def _delivered(self, answer: Answer, sha256: str | None) -> Delivery:
        """A success, proved as far as it was asked for."""
        shipment = self._shipment
        shipment.confirm(shipment.size)
        check_expected(shipment.demand, sha256, what=f"{public_url(answer.url)} holds what was sent")
        place = pointed_to(answer) if answer.status == 201 else None
        url = place if place and origin(place) == origin(answer.url) else answer.url
        seen = Proof(shipment, self._exchange, sha256).of(url, answer=answer)
        return Delivery(
            url=public_url(url), size=shipment.size, verified=seen, digests={"sha256": sha256} if sha256 else {}, existing=self._overwrote(answer),
            etag=answer.header("etag"), version_id=answer.header("x-amz-version-id"),
        )  # fmt: skip

    def _overwrote(self, answer: Answer) -> str | None:
        """What was seen of the wish to overwrite nothing: a server that ignores the condition says yes all the same."""
        if not self._careful:
            return None
        return "created" if answer.status == 201 or self._toolkit.learned.get(HONORED) else "unconfirmed"

    def _found(self, answer: Answer) -> Delivery:
        """Something is there already: our own from a try whose answer was lost, something to be left alone, or in the way."""
        shipment, proof = self._shipment, Proof(self._shipment, self._exchange)
        if shipment.operation.tally.sent >= shipment.size > 0 and proof.holds(answer.url):
            digests = {"sha256": proof.sha256} if proof.sha256 else {}
            return Delivery(url=public_url(answer.url), size=shipment.size, verified="read-back", digests=digests, existing="created")
        if shipment.demand.existing == "skip":
            proof.size(answer.url)
            return Delivery(url=public_url(answer.url), size=shipment.size, verified="size", existing="skipped")
        if answer.status == 412:
            raise self._exchange.refusal(answer)
        raise TargetExists(f"{public_url(answer.url)} has something there already; nothing was sent", http_status=answer.status)
