"""Resumable Uploads for HTTP, the IETF's draft (draft-ietf-httpbis-resumable-upload-12), created carefully: an empty request first, the bytes after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
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
from sendoff_http.chunks import Chunks, sha256_of_span
from sendoff_http.exchange import pointed_to
from sendoff_http.keeping import kept, refusals
from sendoff_http.limits import limits_of
from sendoff_http.settings import Bytes

INTEROP = "9"  # the draft's own version mark, of its twelfth revision
LEARNED = "rufh"
_GONE = frozenset({404, 410})
_ASKED = frozenset({400, 403, 404, 409, 410, 413})  # what the server has is to be asked after these
_WHOLE = 64 * 2**20


class Settings(BaseModel):
    """``protocol_options`` of a destination that speaks it. chunk_size: bytes a request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    chunk_size: Bytes = _WHOLE


class Rufh(SessionProtocol):
    """Creates an upload resource with a request to the target, appends to it, and completes it."""

    Settings = Settings
    kind = "rufh/1"
    names_target: ClassVar[bool] = False

    # -- whether

    def offer(self, exchange: Exchange, root: str) -> Offer | None:
        """Asks with OPTIONS (section 4.1.4): whoever tells limits speaks it."""
        limits = limits_of(exchange("OPTIONS", root).header("upload-limit"))
        return None if limits is None else Offer(most=limits.get("max-size"), facts=limits)

    def _check_offered(self, shipment: Shipment, exchange: Exchange) -> None:
        """An empty creation is safe only where it was announced: whoever does not know it would take it for an empty file."""
        known = self.toolkit.learned.get(LEARNED)
        if known is None:
            offer = self.offer(exchange, shipment.target.url)
            if offer is None:
                hint = 'take protocol = "rufh" out, or correct the address'
                raise Rejected(f"{shipment.target.public} does not announce resumable uploads", hint=hint, side="configuration")
            known = dict(offer.facts)
            self.toolkit.learned.put(LEARNED, known)
        most = known.get("max-size")
        if most is not None and shipment.size > most:
            raise TooLarge(f"{shipment.target.public} takes files of {most} bytes at most, and this one has {shipment.size}")

    # -- the five steps

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """The request itself without its content: ``Upload-Complete: ?0`` (section 4.2)."""
        shipment.carried("rufh", resumable=True)
        self._check_offered(shipment, exchange)
        sha256 = sha256_of(shipment) if needs_digest(shipment.demand) else None
        check_expected(shipment.demand, sha256)
        method = shipment.operation.spec.method or "PUT"
        answer = exchange(method, shipment.target.url, headers=_creating(shipment, sha256), into=refusals(shipment))
        place = pointed_to(answer)
        if not answer.good:
            raise exchange.refusal(answer)
        if place is None or _complete(answer):
            raise Rejected(f'{shipment.target.public} took an empty request for the whole upload (status {answer.status}); set protocol = "plain" for it')
        return self._session({"url": place, "sha256": sha256}, answer)

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``HEAD``: the offset (section 4.3)."""
        shipment.carried("rufh", resumable=True)
        answer = exchange("HEAD", url_of(shipment), headers=_MARK)
        if answer.status in _GONE:
            return self._without_resource(shipment, exchange)
        if not answer.good:
            raise exchange.refusal(answer)
        if _complete(answer):
            return Finished()
        offset, length = answer.number("upload-offset"), answer.number("upload-length")
        if offset is None:
            raise Transient(f"{shipment.target.public} answered {answer.status} without an offset; something in between may have answered")
        if length not in (None, shipment.size):
            raise SessionLost(f"{shipment.target.public} answers for another upload, of {length} bytes")
        if answer.url != url_of(shipment) and shipment.session is not None:
            shipment.record(replace(shipment.session, data={**shipment.session.data, "url": answer.url}))
        return offset

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """``PATCH`` with the next bytes; the last ones complete it (section 4.4)."""
        chunks = self._chunks(shipment)
        stop = min(offset + chunks.size, shipment.size)
        last = stop == shipment.size
        span = Span(shipment, offset, stop, completes=last)
        headers = {**_MARK, "Upload-Offset": str(offset), "Upload-Complete": "?1" if last else "?0", "Content-Type": "application/partial-upload"}
        if shipment.demand.digest == "sha256":
            headers["Content-Digest"] = digest_field(sha256_of_span(span))
        answer = exchange("PATCH", url_of(shipment), headers=headers, body=span, into=kept(shipment) if last else refusals(shipment))
        return self._appended(exchange, span, answer, chunks)

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:
        """An offset that equals the length completes nothing: that is said, or was said already."""
        if ended is None:
            shipment.commit_point()
            headers = {**_MARK, "Upload-Offset": str(shipment.size), "Upload-Complete": "?1", "Content-Type": "application/partial-upload"}
            answer: Answer | None = exchange("PATCH", url_of(shipment), headers=headers, body=b"", into=kept(shipment))
        else:
            answer = ended.answer
        if answer is not None and not answer.good:
            raise _failed(shipment, answer, exchange)
        return self._delivered(shipment, exchange, answer)

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """``DELETE`` (section 4.5); whoever does not know it any more has nothing."""
        answer = exchange("DELETE", str(leftover.session.data["url"]), headers=_MARK)
        if not (answer.good or answer.status in _GONE):
            raise exchange.refusal(answer)

    # -- what answers mean

    def _appended(self, exchange: Exchange, span: Span, answer: Answer, chunks: Chunks) -> int | Finished:
        shipment = span.shipment
        if _complete(answer):
            return Finished(answer)
        told = answer.number("upload-offset")
        if answer.good and answer.took_all and not span.completes:
            return span.stop if told is None else told
        if answer.status == 409 and told is not None:
            return told
        if answer.status == 413 and not chunks.shrink():
            raise TooLarge(f"{shipment.target.public} does not take even {chunks.size} bytes in one request", http_status=413)
        if answer.good or answer.status in _ASKED:
            reached = self.ask(shipment, exchange)
            if reached != span.start or answer.status in (409, 413):
                return reached
        raise exchange.refusal(answer)

    def _without_resource(self, shipment: Shipment, exchange: Exchange) -> Finished:
        """The server dropped the resource: it may have done so because all is well, which the target itself can tell."""
        whole = shipment.furthest is None or shipment.furthest == shipment.size
        if whole and shipment.operation.spec.method in (None, "PUT") and Proof(shipment, exchange).holds(shipment.target.url):
            return Finished()
        raise self.gone(shipment)

    def _delivered(self, shipment: Shipment, exchange: Exchange, answer: Answer | None) -> Delivery:
        data = shipment.session.data if shipment.session is not None else {}
        place = pointed_to(answer) if answer is not None and answer.status == 201 else None
        url = place if place and origin(place) == origin(shipment.target.url) and place != data.get("url") else shipment.target.url
        seen = "size" if answer is not None and answer.number("upload-offset") == shipment.size else "accepted"
        verified = Proof(shipment, exchange, data.get("sha256")).of(url, seen=seen, answer=answer)
        digests = {"sha256": data["sha256"]} if data.get("sha256") else {}
        return Delivery(url=public_url(url), size=shipment.size, verified=verified, digests=digests, etag=answer.header("etag") if answer else None)

    # -- sizes and times

    def _chunks(self, shipment: Shipment) -> Chunks:
        limits = shipment.session.data["limits"] if shipment.session is not None else {}
        wanted = max(self.settings.chunk_size, limits.get("min-append-size", 0))
        return Chunks(self.toolkit.learned, "rufh", min(wanted, limits.get("max-append-size", wanted)))

    def _session(self, data: Mapping[str, Any], answer: Answer) -> Session:
        limits = limits_of(answer.header("upload-limit")) or {}
        age = limits.get("max-age")
        expires = None if age is None else self.toolkit.clock.wall() + moment(float(age))
        return Session(kind=self.kind, data={**data, "limits": limits}, expires_at=expires, leaves=True)


_MARK = {"Upload-Draft-Interop-Version": INTEROP}


def url_of(shipment: Shipment) -> str:
    """The address of its upload resource."""
    return str(shipment.session.data["url"]) if shipment.session is not None else ""


def _creating(shipment: Shipment, sha256: str | None) -> dict[str, str]:
    """What describes the file goes with the creation: the caller's content headers, its name, its digest."""
    name = quote(shipment.name.name, safe="!#$&+-.^_`|~")  # RFC 8187 section 3.2.1
    own = {"Content-Disposition": f"inline; filename*=UTF-8''{name}", "Content-Type": "application/octet-stream", "Want-Repr-Digest": "sha-256=10"}
    asked = {key: reveal(value) for key, value in shipment.headers if key.lower().startswith("content-")}
    given = {key.lower() for key in asked}
    headers = {**_MARK, "Upload-Complete": "?0", "Upload-Length": str(shipment.size), **{k: v for k, v in own.items() if k.lower() not in given}, **asked}
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


def _failed(shipment: Shipment, answer: Answer, exchange: Exchange) -> SendoffError:
    """Everything was there and the target refused it: going on with this upload cures nothing; a new one may."""
    error = exchange.refusal(answer)
    if isinstance(error, Transient) and _complete(answer):
        return SessionLost(f"{shipment.target.public} had the whole upload and failed to take it (status {answer.status})", http_status=answer.status)
    return error
