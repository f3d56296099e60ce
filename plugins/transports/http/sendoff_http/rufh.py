"""Resumable Uploads for HTTP, the IETF's draft (draft-ietf-httpbis-resumable-upload-12), created carefully: an empty request first, the bytes after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict
from sendoff import (
    Answer,
    Delivery,
    Exchange,
    Finished,
    Leftover,
    Offer,
    Proof,
    Rejected,
    SendoffError,
    Session,
    SessionLost,
    SessionProtocol,
    Shipment,
    Span,
    TargetExists,
    TooLarge,
    Transient,
    check_expected,
    digest_field,
    moment,
    needs_digest,
    public_url,
    reveal,
    sha256_of,
)

from sendoff_http.address import origin
from sendoff_http.answers import is_page, pointed_to, stranger
from sendoff_http.chunks import Chunks, sha256_of_span
from sendoff_http.keeping import kept, refusals
from sendoff_http.limits import limits_of
from sendoff_http.offers import check_told, offered
from sendoff_http.resource import check_taken_away, data_of, note_move, url_of
from sendoff_http.settings import Bytes

NAME = "rufh"
MOST_MISMATCHES = 3
_GONE = frozenset({404, 410})
_ASKED = _GONE | {400, 403, 409, 413}  # what the server has is to be asked after these
_WHOLE = 64 * 2**20


class Settings(BaseModel):
    """``protocol_options`` of a destination that speaks it.

    chunk_size: bytes a request. interop: the draft's own version mark: 9 since its twelfth revision, 6 for servers of the fourth and fifth.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk_size: Bytes = _WHOLE
    interop: Literal[6, 9] = 9


class Rufh(SessionProtocol):
    """Creates an upload resource with a request to the target, appends to it, and completes it."""

    Settings = Settings
    kind = "rufh/1"
    names_target: ClassVar[bool] = False

    def send(self, shipment: Shipment, exchange: Exchange) -> Delivery:
        """As the others of its kind; what is there already may be left alone."""
        try:
            return super().send(shipment, exchange)
        except TargetExists:
            if shipment.demand.existing != "skip":
                raise
            url = shipment.target.url
            return Delivery(url=public_url(url), size=shipment.size, verified=Proof(shipment, exchange).size(url), existing="skipped")

    # -- the steps

    def offer(self, exchange: Exchange, root: str) -> Offer | None:
        """Asks with OPTIONS (section 4.1.4): whoever tells limits speaks it."""
        answer = exchange("OPTIONS", root)
        limits = limits_of(answer.header("upload-limit"))
        if limits is None:
            check_told(answer, exchange, root)
            return None
        return Offer(most=limits.get("max-size"), facts=limits)

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """The request itself without its content: ``Upload-Complete: ?0`` (section 4.2); only where it was announced, or it would make an empty file."""
        shipment.carried(NAME, resumable=True)
        offered(self, NAME, shipment, exchange, at=shipment.target.url)
        sha256 = sha256_of(shipment) if needs_digest(shipment.demand) else None
        check_expected(shipment.demand, sha256)
        method = shipment.operation.spec.method or "PUT"
        answer = exchange(method, shipment.target.url, headers={**self._mark, **_creating(shipment, sha256)}, into=refusals(shipment))
        if not answer.good:
            raise exchange.refusal(answer)
        place = pointed_to(answer)
        if place is None and is_page(answer):
            raise stranger(shipment.target.public, answer)
        if place is None or _complete(answer):
            raise Rejected(f'{shipment.target.public} took an empty request for the whole upload (status {answer.status}); set protocol = "plain" for it')
        return self._session({"url": place, "sha256": sha256}, answer)

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``HEAD``: the offset (section 4.3)."""
        shipment.carried(NAME, resumable=True)
        answer = exchange("HEAD", url_of(shipment), headers=self._mark)
        if answer.status in _GONE:
            return self._without_resource(shipment, exchange)
        if not answer.good:
            raise exchange.refusal(answer)
        told, length = answer.header("upload-offset"), answer.header("upload-length")
        if length is not None and answer.number("upload-length") != shipment.size:
            raise SessionLost(f"{shipment.target.public} answers for another upload, of {length} bytes")
        if _complete(answer):
            return Finished()
        if told is None:
            raise stranger(shipment.target.public, answer)
        offset = answer.number("upload-offset")
        if offset is None:
            raise SessionLost(f"{shipment.target.public} tells an offset that cannot be: {told}")
        note_move(shipment, answer)
        return offset

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """``PATCH`` with the next bytes; the last ones complete it (section 4.4)."""
        limits = data_of(shipment)["limits"]
        chunks = Chunks(self.toolkit.learned, NAME, self.settings.chunk_size, least=limits.get("min-append-size"), limit=limits.get("max-append-size"))
        stop = min(offset + chunks.size, shipment.size)
        span = Span(shipment, offset, stop, completes=stop == shipment.size)
        headers = self._appending(offset, complete=span.completes)
        if shipment.demand.digest == "sha256":
            headers["Content-Digest"] = digest_field(sha256_of_span(span))
        for _ in range(MOST_MISMATCHES):
            answer = exchange("PATCH", url_of(shipment), headers=headers, body=span, into=kept(shipment) if span.completes else refusals(shipment))
            if answer.status != 400 or _complete(answer) or "Content-Digest" not in headers:
                break  # else the bytes may have changed on the way: the same again
            if (reached := self.refused(shipment, exchange)) != offset:
                return reached
        return self._appended(exchange, span, answer, chunks)

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:
        """An offset that equals the length completes nothing: that is said, or was said already."""
        if ended is not None:
            return self._delivered(shipment, exchange, ended.answer)
        shipment.commit_point()
        answer = exchange("PATCH", url_of(shipment), headers=self._appending(shipment.size, complete=True), body=b"", into=kept(shipment))
        if answer.good and not _complete(answer):
            raise stranger(shipment.target.public, answer)
        if answer.status in _GONE and not _complete(answer):
            raise SessionLost(f"{shipment.target.public} no longer knows the half-done upload")
        if answer.status == 409 and not _complete(answer):
            raise Transient(f"{shipment.target.public} has another offset than it told before; it is asked again", http_status=409)
        return self._delivered(shipment, exchange, answer)

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """``DELETE`` (section 4.5); whoever does not know it any more has nothing."""
        answer = exchange("DELETE", str(leftover.session.data["url"]), headers=self._mark)
        check_taken_away(leftover, answer, exchange)

    # -- what answers mean

    def _appended(self, exchange: Exchange, span: Span, answer: Answer, chunks: Chunks) -> int | Finished:
        """Where the server is after a chunk; whatever its answer leaves open is asked."""
        shipment, told = span.shipment, answer.number("upload-offset")
        if _complete(answer):
            if answer.good and not (span.completes and answer.took_all):
                raise SessionLost(
                    f"{shipment.target.public} calls the upload complete of which it has {span.start + answer.sent} of {shipment.size} bytes at most"
                )
            return Finished(answer)
        if answer.good and answer.took_all and not span.completes and (told is not None or _bare(answer)):
            note_move(shipment, answer)
            return span.stop if told is None else told
        if answer.status == 409 and told is not None:
            return told
        if answer.status == 413 and not chunks.shrink():
            raise TooLarge(f"{shipment.target.public} does not take even {chunks.size} bytes in one request", http_status=413)
        if answer.good or answer.status in _ASKED:
            reached = self.ask(shipment, exchange) if answer.good else self.refused(shipment, exchange)
            if answer.good or reached != span.start or answer.status in (409, 413):
                return reached
        raise exchange.refusal(answer)

    def _without_resource(self, shipment: Shipment, exchange: Exchange) -> Finished:
        """The server dropped the resource: it may have done so because all is well, which the target itself can tell."""
        whole = shipment.furthest is None or shipment.furthest == shipment.size
        if whole and shipment.operation.spec.method in (None, "PUT") and Proof(shipment, exchange).holds(shipment.target.url):
            return Finished()
        raise self.gone(shipment)

    def _delivered(self, shipment: Shipment, exchange: Exchange, answer: Answer | None) -> Delivery:
        """What the target's own answer says of the whole upload. answer: None = it was lost, and the server says that it was given."""
        if answer is not None and not answer.good:
            raise _failed(shipment, answer, exchange)
        data, created = data_of(shipment), answer is not None and answer.status == 201
        place = pointed_to(answer) if answer is not None and created else None
        url = place if place and origin(place) == origin(shipment.target.url) and place != data["url"] else shipment.target.url
        seen = "size" if answer is not None and answer.number("upload-offset") == shipment.size else "accepted"
        verified = Proof(shipment, exchange, data["sha256"]).of(url, seen=seen, answer=answer)
        digests = {"sha256": data["sha256"]} if data["sha256"] else {}
        existing = None if shipment.demand.existing == "overwrite" else "created" if created else "unconfirmed"
        etag = answer.header("etag") if answer is not None else None
        return Delivery(url=public_url(url), size=shipment.size, verified=verified, digests=digests, existing=existing, etag=etag)

    # -- what requests say

    @property
    def _mark(self) -> dict[str, str]:
        return {"Upload-Draft-Interop-Version": str(self.settings.interop)}

    def _appending(self, offset: int, *, complete: bool) -> dict[str, str]:
        said = {"Upload-Offset": str(offset), "Upload-Complete": "?1" if complete else "?0", "Content-Type": "application/partial-upload"}
        return {**self._mark, **said}

    def _session(self, data: Mapping[str, Any], answer: Answer) -> Session:
        limits = limits_of(answer.header("upload-limit")) or {}
        age = limits.get("max-age", limits.get("expires"))
        expires = None if age is None else self.toolkit.clock.wall() + moment(float(age))
        return Session(kind=self.kind, data={**data, "limits": limits}, expires_at=expires, leaves=True)


def _creating(shipment: Shipment, sha256: str | None) -> dict[str, str]:
    """What describes the file goes with the creation: the caller's content headers, its name, its digest."""
    name = quote(shipment.name.name, safe="!#$&+-.^_`|~")  # RFC 8187 section 3.2.1
    own = {"Content-Disposition": f"inline; filename*=UTF-8''{name}", "Content-Type": "application/octet-stream", "Want-Repr-Digest": "sha-256=10"}
    asked = {key: reveal(value) for key, value in shipment.headers if key.lower().startswith("content-")}
    given = {key.lower() for key in asked}
    headers = {"Upload-Complete": "?0", "Upload-Length": str(shipment.size), **{k: v for k, v in own.items() if k.lower() not in given}, **asked}
    if sha256 is not None:
        headers["Repr-Digest"] = digest_field(sha256)
    if shipment.demand.existing != "overwrite":
        headers["If-None-Match"] = "*"
    if shipment.operation.spec.idempotency_key is not None:
        headers["Idempotency-Key"] = shipment.operation.spec.idempotency_key
    return headers


def _complete(answer: Answer) -> bool:
    """The answer is the target's own, about the whole upload (section 4.1.2)."""
    return (answer.header("upload-complete") or "").strip() == "?1"


def _bare(answer: Answer) -> bool:
    """It speaks the protocol and tells no offset, as the newest drafts allow after an append that was taken."""
    return answer.header("upload-complete") is not None and answer.header("upload-offset") is None


def _failed(shipment: Shipment, answer: Answer, exchange: Exchange) -> SendoffError:
    """Everything was there and the target refused it: going on with this upload cures nothing; a new one may."""
    error = exchange.refusal(answer)
    if isinstance(error, Transient) and _complete(answer):
        return SessionLost(f"{shipment.target.public} had the whole upload and failed to take it (status {answer.status})", http_status=answer.status)
    return error
