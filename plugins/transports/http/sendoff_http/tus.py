"""tus 1.0.0: uploads that go on at the server's offset (the tus resumable upload protocol, https://tus.io)."""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

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
    Unverified,
    check_expected,
    needs_digest,
    public_url,
    reveal,
    sha256_of,
)

from sendoff_http.answers import moment_of_date, pointed_to, stranger
from sendoff_http.chunks import LEAST, Chunks, blocks
from sendoff_http.keeping import kept, refusals
from sendoff_http.offers import check_told, offered
from sendoff_http.resource import check_taken_away, data_of, note_move, url_of
from sendoff_http.settings import Bytes

VERSION = "1.0.0"
NAME, OVERRIDE = "tus", "tus.override"  # of the protocol; learned: that methods other than POST do not get through
ALGORITHMS = ("sha256", "sha1", "sha512", "md5", "crc32")  # best first; crc32 is only better than nothing
MOST_MISMATCHES = 3
_NOT_MINE = frozenset({403, 404, 410})  # to HEAD the protocol allows 403 for what is gone, too
_DOUBTFUL = _NOT_MINE | {400}
_MISMATCH = 460
_NO_SUCH_METHOD = frozenset({405, 501})
_CHECKED, _WHOLE = 16 * 2**20, 64 * 2**20
_SPOKEN = {"Tus-Resumable": VERSION}


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

    # -- the steps

    def offer(self, exchange: Exchange, root: str) -> Offer | None:
        """Asks with OPTIONS: its version must be among those the server tells."""
        answer = exchange("OPTIONS", root)
        if VERSION not in _words(answer.header("tus-version")) or not answer.good:
            check_told(answer, exchange, root)
            return None
        facts = {"extensions": _words(answer.header("tus-extension")), "algorithms": _words(answer.header("tus-checksum-algorithm"))}
        return Offer(most=answer.number("tus-max-size"), facts=facts)

    def create(self, shipment: Shipment, exchange: Exchange) -> Session:
        """``POST`` without a body; 201 and an address."""
        shipment.carried(NAME, resumable=True)
        offer = offered(self, NAME, shipment, exchange, at=shipment.root)
        sha256 = sha256_of(shipment) if needs_digest(shipment.demand) else None
        check_expected(shipment.demand, sha256)
        headers = {**_SPOKEN, "Upload-Length": str(shipment.size), "Upload-Metadata": self._metadata(shipment)}
        answer = exchange("POST", shipment.root, headers=headers, into=refusals(shipment))
        place = pointed_to(answer)
        if answer.status != 201 or place is None:
            raise stranger(public_url(shipment.root), answer) if answer.good else _refusal(shipment, answer, exchange)
        return Session(
            kind=self.kind, data={"url": place, "sha256": sha256, "checked": 0, "algorithm": self._algorithm(shipment, offer)},
            expires_at=moment_of_date(answer.header("upload-expires")), leaves="termination" in offer.facts["extensions"],
        )  # fmt: skip

    def ask(self, shipment: Shipment, exchange: Exchange) -> int | Finished:
        """``HEAD``: the offset, and the length that must be ours."""
        shipment.carried(NAME, resumable=True)
        answer = exchange("HEAD", url_of(shipment), headers=_SPOKEN)
        if answer.status in _NOT_MINE:
            raise self.gone(shipment)
        if not answer.good:
            raise _refusal(shipment, answer, exchange)
        told, length = answer.header("upload-offset"), answer.header("upload-length")
        if told is None and shipment.furthest == shipment.size == answer.number("content-length"):
            return Finished()  # some servers tell no offset of what is complete
        if told is None and answer.header("tus-resumable") is None:
            raise stranger(shipment.target.public, answer)
        offset = answer.number("upload-offset")
        if offset is None or (length is not None and answer.number("upload-length") != shipment.size):
            raise SessionLost(f"{shipment.target.public} answers for another upload: offset {told}, length {length}")
        note_move(shipment, answer)
        return offset

    def append(self, shipment: Shipment, exchange: Exchange, offset: int) -> int | Finished:
        """``PATCH`` with one chunk, checked by the server where it can."""
        algorithm = data_of(shipment).get("algorithm")
        chunks = Chunks(self.toolkit.learned, NAME, self.settings.chunk_size or (_checked(shipment.size) if algorithm else _WHOLE))
        span = Span(shipment, offset, min(offset + chunks.size, shipment.size), completes=offset + chunks.size >= shipment.size)
        for _ in range(MOST_MISMATCHES):
            answer = self._patch(exchange, span, algorithm)
            if answer.status != _MISMATCH:
                return self._appended(exchange, span, answer, chunks, checked=algorithm is not None)
        raise Unverified(f"{shipment.target.public} received other bytes than were sent, {MOST_MISMATCHES} times in a row; something on the way changes them")

    def finish(self, shipment: Shipment, exchange: Exchange, ended: Finished | None) -> Delivery:  # noqa: ARG002
        """Its offset is its length: the server holds it."""
        data, url = data_of(shipment), url_of(shipment)
        seen = "part-digests" if shipment.size and data["checked"] == shipment.size else "size"
        verified = Proof(shipment, exchange, data["sha256"]).of(url, seen=seen)
        existing = None if shipment.demand.existing == "overwrite" else "unconfirmed"  # what the server makes of the name is not seen
        digests = {"sha256": data["sha256"]} if data["sha256"] else {}
        return Delivery(url=public_url(url), size=shipment.size, verified=verified, digests=digests, existing=existing)

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """``DELETE``, where the server offers termination; whoever does not know it any more has nothing."""
        answer = self._ask_by(exchange, "DELETE", str(leftover.session.data["url"]), _SPOKEN)
        check_taken_away(leftover, answer, exchange)

    # -- one chunk

    def _patch(self, exchange: Exchange, span: Span, algorithm: str | None) -> Answer:
        headers = {**_SPOKEN, "Upload-Offset": str(span.start), "Content-Type": "application/offset+octet-stream"}
        if algorithm is not None:
            headers["Upload-Checksum"] = checksum(span, algorithm)
        return self._ask_by(exchange, "PATCH", url_of(span.shipment), headers, span)

    def _ask_by(self, exchange: Exchange, method: str, url: str, headers: Mapping[str, str], span: Span | None = None) -> Answer:
        """By the method itself, or by POST that names it, where something in between knows only the usual ones; what worked is remembered."""
        into = None if span is None else kept(span.shipment) if span.completes else refusals(span.shipment)

        def ask(*, around: bool) -> Answer:
            more = {"X-HTTP-Method-Override": method} if around else {}
            return exchange("POST" if around else method, url, headers={**headers, **more}, body=span, into=into)

        around = bool(self.toolkit.learned.get(OVERRIDE))
        answer = ask(around=around)
        if answer.status in _NO_SUCH_METHOD:
            answer = ask(around=not around)
            if answer.good:
                self.toolkit.learned.put(OVERRIDE, not around)
        return answer

    def _appended(self, exchange: Exchange, span: Span, answer: Answer, chunks: Chunks, *, checked: bool) -> int | Finished:
        """What an answer to ``PATCH`` says about where the server is; whatever it leaves open is asked."""
        shipment, reached = span.shipment, answer.number("upload-offset")
        if answer.good and reached is not None and span.start < reached <= span.stop and answer.took_all:
            note_move(shipment, answer)
            _note(span, answer, reached, checked=checked)
            return reached
        if answer.good and answer.header("tus-resumable") is None and answer.header("upload-offset") is None:
            raise stranger(shipment.target.public, answer)
        if answer.status == 413 and not chunks.shrink():
            raise TooLarge(f"{shipment.target.public} does not take even {chunks.size} bytes in one request", http_status=413)
        if answer.good or answer.status in (409, 413):
            return self.ask(shipment, exchange)
        if answer.status in _DOUBTFUL and (there := self.refused(shipment, exchange)) != span.start:
            return there
        raise _refusal(shipment, answer, exchange)

    # -- and before

    def _algorithm(self, shipment: Shipment, offer: Offer) -> str | None:
        """With what the server is to check each chunk; None where it cannot, or nobody wants it."""
        if not self.settings.checksum or shipment.demand.digest == "none" or "checksum" not in offer.facts["extensions"]:
            return None
        return next((one for one in ALGORITHMS if one in offer.facts["algorithms"]), None)

    def _metadata(self, shipment: Shipment) -> str:
        """``Upload-Metadata``: name and type as other clients send them, and what the destination adds."""
        types = [reveal(value) for name, value in shipment.headers if name.lower() == "content-type"]
        pairs = {"filename": shipment.name.name, "filetype": types[0] if types else "application/octet-stream"}
        if len(shipment.name.parts) > 1:
            pairs["relativePath"] = str(shipment.name)
        return ",".join(f"{key} {b64encode(value.encode(errors='surrogateescape')).decode()}" for key, value in {**pairs, **self.settings.metadata}.items())


def _checked(size: int) -> int:
    """A chunk that is checked and breaks off is lost whole: smaller ones for smaller files, in whole mebibytes."""
    return min(_CHECKED, max(size // 32 // LEAST, 1) * LEAST)


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


def _note(span: Span, answer: Answer, reached: int, *, checked: bool) -> None:
    """Keeps what else an answer tells: until when the upload lives, and that the server has compared everything so far; one gap, and it has not."""
    session = span.shipment.session
    if session is None:
        return
    whole = checked and reached == span.stop and session.data["checked"] == span.start
    data = {**session.data, "checked": span.stop} if whole else session.data
    expires = moment_of_date(answer.header("upload-expires")) or session.expires_at
    if (data, expires) != (session.data, session.expires_at):
        span.shipment.confirm(reached, replace(session, data=data, expires_at=expires))


def _refusal(shipment: Shipment, answer: Answer, exchange: Exchange) -> SendoffError:
    """412 speaks of the protocol's version here, and of nothing that exists."""
    if answer.status != 412:
        return exchange.refusal(answer)
    spoken = answer.header("tus-version") or "another version"
    return Rejected(f"{shipment.target.public} speaks tus {spoken}, and sendoff {VERSION}", side="configuration", http_status=412)


def _words(value: str | None) -> list[str]:
    return [word.strip() for word in (value or "").split(",") if word.strip()]
