"""tus 1.0.0: uploads that go on at the server's offset (the tus resumable upload protocol, https://tus.io)."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field
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
    Unverified,
    WebErrorStatus,
    check_expected,
    needs_digest,
    public_url,
    reveal,
    sha256_of,
)

from sendoff_http.answers import moment_of_date
from sendoff_http.chunks import Chunks, blocks
from sendoff_http.exchange import pointed_to
from sendoff_http.keeping import kept, refusals
from sendoff_http.settings import Bytes

VERSION = "1.0.0"
LEARNED, OVERRIDE = "tus", "tus.override"  # what a server offers; that PATCH does not get through to it
ALGORITHMS = ("sha256", "sha1", "sha512", "md5", "crc32")  # best first; crc32 is only better than nothing
MOST_MISMATCHES = 3
_GONE = frozenset({403, 404, 410})
_DOUBTFUL = frozenset({400, 403, 404, 410})
_MISMATCH = 460
_NO_SUCH_METHOD = frozenset({405, 501})
_CHECKED, _WHOLE = 16 * 2**20, 64 * 2**20


class Settings(BaseModel):
    """``protocol_options`` of a destination that speaks tus.

    metadata: further pairs of ``Upload-Metadata``. chunk_size: bytes a request; None = 64 MiB, 16 MiB where each is checked by the server.
    checksum: whether each chunk carries one the server compares, where it can.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    metadata: Mapping[str, str] = Field(default_factory=dict)
    chunk_size: Bytes | None = None
    checksum: bool = True


class Tus(SessionProtocol):
    """Creates an upload below the root, and appends to it; each upload is a new thing at an address of the server's choice."""

    Settings = Settings
    kind = "tus/1"
    names_target: ClassVar[bool] = False

    # -- whether

    def offer(self, exchange: Exchange, root: str) -> Offer | None:
        """Asks with OPTIONS: its version must be among those the server tells."""
        answer = exchange("OPTIONS", root)
        if VERSION not in _words(answer.header("tus-version")) or answer.status not in (200, 204):
            return None
        facts = {"extensions": _words(answer.header("tus-extension")), "algorithms": _words(answer.header("tus-checksum-algorithm"))}
        return Offer(most=answer.number("tus-max-size"), facts=facts)

    def _offered(self, shipment: Shipment, exchange: Exchange) -> Offer:
        """What the server told, now or before. Errors: ``Rejected`` where it does not speak tus."""
        known = self.toolkit.learned.get(LEARNED)
        if known is not None:
            return Offer(most=known["most"], facts=known["facts"])
        offer = self.offer(exchange, shipment.root)
        if offer is None:
            hint = 'take protocol = "tus" out, or correct the address: it must be the one where uploads are created'
            raise Rejected(f"{public_url(shipment.root)} does not speak tus {VERSION}", hint=hint, side="configuration")
        self.toolkit.learned.put(LEARNED, {"most": offer.most, "facts": dict(offer.facts)})
        return offer

    # -- the five steps

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """``POST`` without a body; 201 and an address."""
        shipment.carried("tus", resumable=True)
        offer = self._offered(shipment, exchange)
        if offer.most is not None and shipment.size > offer.most:
            raise TooLarge(f"{public_url(shipment.root)} takes files of {offer.most} bytes at most, and this one has {shipment.size}")
        sha256 = sha256_of(shipment) if needs_digest(shipment.demand) else None
        check_expected(shipment.demand, sha256)
        headers = {"Tus-Resumable": VERSION, "Upload-Length": str(shipment.size), "Upload-Metadata": self._metadata(shipment)}
        answer = exchange("POST", shipment.root, headers=headers, into=refusals(shipment))
        place = pointed_to(answer)
        if answer.status != 201 or place is None:
            raise _refused(shipment.root, answer, exchange)
        expires = moment_of_date(answer.header("upload-expires"))
        return Session(
            kind=self.kind, data={"url": place, "sha256": sha256, "checked": 0}, expires_at=expires, leaves="termination" in offer.facts["extensions"]
        )  # fmt: skip

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``HEAD``: the offset, and the length that must be ours."""
        shipment.carried("tus", resumable=True)
        answer = exchange("HEAD", url_of(shipment), headers={"Tus-Resumable": VERSION})
        if answer.status in _GONE:
            raise self.gone(shipment)
        if answer.status not in (200, 204):
            raise exchange.refusal(answer)
        offset, length = answer.number("upload-offset"), answer.header("upload-length")
        if offset is None and shipment.furthest == shipment.size == answer.number("content-length"):
            return Finished()  # some servers tell no offset of what is complete
        if answer.header("tus-resumable") is None and offset is None:
            raise _not_tus(shipment, answer)
        if offset is None or (length is not None and answer.number("upload-length") != shipment.size):
            raise SessionLost(f"{shipment.target.public} answers for another upload: offset {answer.header('upload-offset')}, length {length}")
        return offset

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """``PATCH`` with one chunk, checked by the server where it can."""
        algorithm = self._algorithm(shipment, exchange)
        chunks = Chunks(self.toolkit.learned, "tus", self.settings.chunk_size or (_CHECKED if algorithm else _WHOLE))
        span = Span(shipment, offset, min(offset + chunks.size, shipment.size), completes=offset + chunks.size >= shipment.size)
        for _ in range(MOST_MISMATCHES):
            answer = self._patch(exchange, span, algorithm)
            if answer.status != _MISMATCH:
                return self._appended(exchange, span, answer, chunks, checked=algorithm is not None)
        raise Unverified(f"{shipment.target.public} received other bytes than were sent, {MOST_MISMATCHES} times in a row; something on the way changes them")

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:  # noqa: ARG002
        """Its offset is its length: the server holds it."""
        data, url = _data(shipment), url_of(shipment)
        seen = "part-digests" if shipment.size and data["checked"] == shipment.size else "size"
        verified = Proof(shipment, exchange, data["sha256"]).of(url, seen=seen)
        return Delivery(url=public_url(url), size=shipment.size, verified=verified, digests={"sha256": data["sha256"]} if data["sha256"] else {})

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """``DELETE``, where the server offers termination; whoever does not know it any more has nothing."""
        answer = exchange("DELETE", str(leftover.session.data["url"]), headers={"Tus-Resumable": VERSION})
        if not (answer.good or answer.status in _GONE):
            raise exchange.refusal(answer)

    # -- one chunk

    def _patch(self, exchange: Exchange, span: Span, algorithm: str | None) -> Answer:
        headers = {"Tus-Resumable": VERSION, "Upload-Offset": str(span.start), "Content-Type": "application/offset+octet-stream"}
        if algorithm is not None:
            headers["Upload-Checksum"] = checksum(span, algorithm)
        override = self.toolkit.learned.get(OVERRIDE)
        if override:
            headers["X-HTTP-Method-Override"] = "PATCH"
        into = kept(span.shipment) if span.completes else refusals(span.shipment)
        return exchange("POST" if override else "PATCH", url_of(span.shipment), headers=headers, body=span, into=into)

    def _appended(self, exchange: Exchange, span: Span, answer: Answer, chunks: Chunks, *, checked: bool) -> int | Finished:
        """What an answer to ``PATCH`` says about where the server is; whatever it leaves open is asked."""
        shipment, reached = span.shipment, answer.number("upload-offset")
        if answer.good and reached is not None and span.start < reached <= span.stop and answer.took_all:
            if checked and reached == span.stop:
                _note_checked(span)
            return reached
        if answer.good and answer.header("tus-resumable") is None and reached is None:
            raise _not_tus(shipment, answer)
        if answer.status == 413 and not chunks.shrink():
            raise TooLarge(f"{shipment.target.public} does not take even {chunks.size} bytes in one request", http_status=413)
        if answer.status in _NO_SUCH_METHOD and not self.toolkit.learned.get(OVERRIDE):
            self.toolkit.learned.put(OVERRIDE, True)  # something in between knows no PATCH: the protocol's way around
            return self.ask(shipment, exchange)
        if answer.good or answer.status in (409, 413):
            return self.ask(shipment, exchange)
        if answer.status in _DOUBTFUL and self.ask(shipment, exchange) != span.start:
            return self.ask(shipment, exchange)
        raise exchange.refusal(answer)

    def _algorithm(self, shipment: Shipment, exchange: Exchange) -> str | None:
        """With what the server checks a chunk; None where it does not, or nobody wants it."""
        if not self.settings.checksum or shipment.demand.digest == "none":
            return None
        facts = self._offered(shipment, exchange).facts
        return next((one for one in ALGORITHMS if one in facts["algorithms"]), None) if "checksum" in facts["extensions"] else None

    # -- and before

    def _metadata(self, shipment: Shipment) -> str:
        """``Upload-Metadata``: name and type as other clients send them, and what the destination adds."""
        types = [reveal(value) for name, value in shipment.headers if name.lower() == "content-type"]
        pairs = {"filename": shipment.name.name, "filetype": types[0] if types else "application/octet-stream"}
        if len(shipment.name.parts) > 1:
            pairs["relativePath"] = str(shipment.name)
        return ",".join(f"{key} {b64encode(value.encode(errors='surrogateescape')).decode()}" for key, value in {**pairs, **self.settings.metadata}.items())


def url_of(shipment: Shipment) -> str:
    """The address of its upload."""
    return str(_data(shipment)["url"])


def checksum(span: Span, algorithm: str) -> str:
    """``Upload-Checksum`` of a chunk, which is read once more for it."""
    if algorithm == "crc32":
        crc = 0
        for block in blocks(span):
            crc = zlib.crc32(block, crc)
        digest = crc.to_bytes(4, "big")
    else:
        made = hashlib.new(algorithm, usedforsecurity=False)
        for block in blocks(span):
            made.update(block)
        digest = made.digest()
    return f"{algorithm} {b64encode(digest).decode()}"


def _data(shipment: Shipment) -> Mapping[str, Any]:
    return shipment.session.data if shipment.session is not None else {}


def _note_checked(span: Span) -> None:
    """The server has compared everything up to here; one gap, and no more than the size is claimed in the end."""
    session = span.shipment.session
    if session is not None and session.data["checked"] == span.start:
        span.shipment.confirm(span.stop, replace(session, data={**session.data, "checked": span.stop}))


def _refused(root: str, answer: Answer, exchange: Exchange) -> SendoffError:
    """No upload was made."""
    if not answer.good:
        return exchange.refusal(answer)
    return Transient(f"{public_url(root)} was asked for an upload and answered {answer.status} without one; something in between may have answered")


def _not_tus(shipment: Shipment, answer: Answer) -> Transient:
    """A login page or a proxy's own words: no reason to give anything up."""
    text = f"{shipment.target.public} answered {answer.status} without a word of tus; something in between may have answered"
    return Transient(text, http_status=answer.status, web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))


def _words(value: str | None) -> list[str]:
    return [word.strip() for word in (value or "").split(",") if word.strip()]
