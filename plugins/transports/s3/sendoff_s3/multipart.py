"""Large things: a multipart upload that goes on where it was, whoever began it in whatever process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from sendoff import Delivery, OutcomeUnknown, SendoffError, Session, SessionLost, Shipment, SourceChanged, TargetExists, Transient

from sendoff_s3 import checksum
from sendoff_s3.answers import GONE, UNSEEN, Refusal
from sendoff_s3.condition import Condition
from sendoff_s3.lanes import Lanes
from sendoff_s3.leftovers import KIND, Uploads, remove
from sendoff_s3.part import Part, crc_of
from sendoff_s3.plan import Plan
from sendoff_s3.proof import CHECKSUMS, Proof, Sent
from sendoff_s3.thing import Thing, mark_of


@dataclass(frozen=True, slots=True)
class Stored:
    """A part that the server has. seen: its answer told the digest that was sent."""

    etag: str
    crc: int
    length: int
    seen: bool


class Multipart:
    """One try of a multipart upload.

    Its session's data: ``id`` of the upload (None = it is about to be created), ``part`` and ``size`` in bytes, ``checksums``: whether they are sent,
    ``token`` in the object's metadata, ``asked_at`` (wall microseconds), ``completing``: everything is there, and the completion may have been asked for.
    """

    def __init__(self, shipment: Shipment, thing: Thing, plan: Plan, token: str) -> None:
        self._shipment, self._thing, self._plan, self._token = shipment, thing, plan, token
        self._proof = Proof.begun(shipment, thing)
        self._condition = Condition(shipment, thing, self._proof)
        self._parts: dict[int, Stored] = {}

    def run(self) -> Delivery:
        """Creates, or asks what is there; sends what is missing; completes; looks."""
        session, earlier = self._shipment.session, self._shipment.session is not None
        if session is None:
            done = self._condition.before(self._token)
            if done is not None:
                return done
            session = self._intended()
        self._plan, self._token = Plan.recorded(self._shipment.size, session.data), str(session.data["token"])
        if session.data["id"] is None:
            session = self._created(self._begun(session) if earlier else session)
        elif (lost := self._resumed(session)) is not None:
            return lost
        try:
            self._send(session)
        except SourceChanged:
            self._let_go(session)
            raise
        return self._completed(session)

    # -- beginning

    def _intended(self) -> Session:
        """On record before the server is asked to begin: whatever it begins then can be found again."""
        data = {
            "id": None, "part": self._plan.part, "size": self._plan.size, "checksums": self._thing.checksums, "token": self._token,
            "asked_at": self._thing.service.toolkit.clock.wall(), "completing": False,
        }  # fmt: skip
        session = Session(kind=KIND, data=data, leaves=True)
        self._shipment.record(session)
        return session

    def _begun(self, session: Session) -> Session:
        """An earlier try wanted to begin one and heard no answer: with the id of what it has begun, if that is there; else wanted anew."""
        found = Uploads(self._thing).orphan(session)
        now = self._thing.service.toolkit.clock.wall()
        known = replace(session, data={**session.data, "id": found, "asked_at": session.data["asked_at"] if found else now})
        self._shipment.record(known)
        return known

    def _created(self, session: Session) -> Session:
        """A new upload, unless it has begun."""
        if session.data["id"] is not None:
            return session
        words = {"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"} if session.data["checksums"] else {}
        told = self._thing.call("create_multipart_upload", **words, **self._thing.described(self._token))
        id, date = str(told.get("UploadId") or ""), told.get("AbortDate")
        if not id:
            raise Transient(f"{self._thing.wire.where}: the answer to the beginning of an upload is none of S3's", side="server")
        expires = round(date.timestamp() * 1_000_000) if date is not None else None
        begun = replace(session, data={**session.data, "id": id}, expires_at=expires)
        self._shipment.record(begun)
        return begun

    # -- going on

    def _resumed(self, session: Session) -> Delivery | None:
        """Asks which parts are there and compares each with the file; a delivery where the upload was completed already."""
        try:
            listed = list(Uploads(self._thing).parts(str(session.data["id"])))
        except Refusal as refusal:
            if refusal.code not in GONE:
                raise
            return self._reconciled(session)
        for told in listed:
            number = int(told["PartNumber"])
            kept = self._same(number, told) if number <= self._plan.count else None
            if kept is not None:
                self._parts[number] = kept
        self._shipment.confirm(self._confirmed())
        return None

    def _same(self, number: int, told: dict[str, Any]) -> Stored | None:
        """The part, if what the server has of it is what the file has; else it is simply sent again under its number."""
        if told.get("Size") != self._plan.length(number):
            return None
        part, etag = self._part(number, held=False).digest(), str(told["ETag"])
        stored = checksum.read(told.get("ChecksumCRC32"))
        same = stored == part.crc if stored is not None else etag.strip('"').lower() == part.md5()
        return Stored(etag, part.crc, part.length, seen=True) if same else None

    # -- sending

    def _send(self, session: Session) -> None:
        lanes = max(1, min(self._shipment.lanes, self._plan.count))
        held = self._plan.part * (lanes + 1) <= self._shipment.memory  # as much as one part is on its way besides
        missing: Iterator[int] = (number for number in range(1, self._plan.count + 1) if number not in self._parts)
        Lanes(lanes).run(missing, lambda number: self._send_part(session, number, held=held))

    def _send_part(self, session: Session, number: int, *, held: bool) -> None:
        part = self._part(number, held=held).digest()
        words = {"ChecksumCRC32": checksum.written(part.crc)} if session.data["checksums"] else {}
        try:
            told = self._thing.upload(
                "upload_part", str(session.data["id"]), PartNumber=number, Body=part, ContentLength=part.length, **words, **self._thing.customer_key(),
            )  # fmt: skip
        except Refusal as refusal:
            if refusal.code in GONE:
                raise SessionLost(f"{self._thing.wire.where}: the server dropped the half-done upload; it begins anew") from refusal
            raise
        self._shipment.readinto(memoryview(bytearray(1)), part.start, paced=False)  # the file is still what it was
        etag = str(told.get("ETag") or "")
        if not etag:
            raise Transient(f"{self._thing.wire.where}: the answer to part {number} is none of S3's", side="server")
        self._parts[number] = Stored(etag, part.crc, part.length, seen=checksum.read(told.get("ChecksumCRC32")) == part.crc)
        self._shipment.confirm(self._confirmed())

    def _part(self, number: int, *, held: bool) -> Part:
        return Part(self._shipment, self._thing.wire, self._plan.start(number), self._plan.length(number), held=held)

    def _confirmed(self) -> int:
        return sum(one.length for one in list(self._parts.values()))

    # -- ending

    def _sent(self, told: dict[str, Any] | None = None) -> Sent:
        crc = 0
        for _, one in sorted(self._parts.items()):
            crc = checksum.joined(crc, one.crc, one.length)
        seen = "part-digests" if all(one.seen for one in self._parts.values()) else "accepted"
        return Sent(token=self._token, crc=crc, seen=seen, told=told)

    def _completed(self, session: Session) -> Delivery:
        sent, condition = self._sent(), self._condition.words()
        if self._condition.holds and not condition and (done := self._looked_once_more(session)) is not None:
            return done
        completing = replace(session, data={**session.data, "completing": True})
        self._shipment.record(completing)
        self._shipment.commit_point()
        try:
            told = self._thing.upload("complete_multipart_upload", str(session.data["id"]), **self._listed(session, sent), **condition)
        except Refusal as refusal:
            return self._not_completed(completing, refusal)
        if not told.get("ETag") and not told.get("Key"):
            raise Transient(f"{self._thing.wire.where}: the answer to the completion is none of S3's", side="server")
        return self._proof.of(self._sent(told))

    def _looked_once_more(self, session: Session) -> Delivery | None:
        """Where the server does not see to it that nothing is overwritten: what may have come since the first look, hours or days ago."""
        try:
            done = self._condition.before(self._token)
        except TargetExists:
            self._let_go(session)
            raise
        if done is not None:
            self._let_go(session)
        return done

    def _listed(self, session: Session, sent: Sent) -> dict[str, Any]:
        checked = bool(session.data["checksums"])
        parts = []
        for number, one in sorted(self._parts.items()):
            crc = {"ChecksumCRC32": checksum.written(one.crc)} if checked and one.seen else {}
            parts.append({"PartNumber": number, "ETag": one.etag, **crc})
        whole = {"ChecksumCRC32": checksum.written(sent.crc or 0), "ChecksumType": "FULL_OBJECT", "MpuObjectSize": self._plan.size} if checked else {}
        return {"MultipartUpload": {"Parts": parts}, **whole, **self._thing.customer_key()}

    def _not_completed(self, session: Session, refusal: Refusal) -> Delivery:
        """The server said no to the completion: it may have been done before, or something is in the way, or all of it is to be sent again."""
        if refusal.code in GONE:
            return self._reconciled(session)
        if refusal.status == 412:
            self._let_go(session)
            return self._condition.failed(refusal, self._sent())
        if refusal.code in ("ConditionalRequestConflict", "InvalidPart", "InvalidPartOrder"):
            # Amazon S3 API reference, CompleteMultipartUpload: begin anew and send each part again
            raise SessionLost(f"{self._thing.wire.where}: the server wants the upload begun anew ({refusal.code})", left=True) from refusal
        raise refusal

    def _let_go(self, session: Session) -> None:
        """Removed at once if that can be; the session stays on record, by which it is found again."""
        with suppress(Refusal, SendoffError):
            remove(self._thing, str(session.data["id"]))

    def _seen(self, session: Session) -> dict[str, Any] | None:
        """What lies there, or nothing. Where it may not be looked: unknown, if it may have been completed; else nothing can be."""
        try:
            return self._thing.head()
        except Refusal as refusal:
            if refusal.status not in UNSEEN:
                raise
            if not session.data["completing"]:
                return None
            where = self._thing.wire.where
            raise OutcomeUnknown(f"{where}: the upload was to be completed and is gone, and it may not be looked at what lies there") from refusal

    def _reconciled(self, session: Session) -> Delivery:
        """The upload is gone: it was completed, or it was dropped. What lies there tells, by our mark; nothing is claimed that it does not show."""
        where = self._thing.wire.where
        held = self._seen(session)
        if held is None:
            raise SessionLost(f"{where}: the server dropped the half-done upload; it begins anew")
        mine, size = mark_of(held), held.get("ContentLength")
        crc = self._sent().crc if len(self._parts) == self._plan.count else crc_of(self._shipment, self._thing.wire)
        if mine == self._token and size == self._shipment.size:
            self._shipment.confirm(self._shipment.size)
            return self._proof.found(held, Sent(token=self._token, crc=crc))
        if mine is not None or size != self._shipment.size or not session.data["completing"]:
            raise SessionLost(f"{where}: the half-done upload is gone, and what lies there is another; it begins anew")
        known = self._thing.service.toolkit.learned
        if known.get(CHECKSUMS) is True and self._proof.whole(held) == crc:
            self._shipment.confirm(self._shipment.size)
            return self._proof.found(held, Sent(token=self._token, crc=crc))
        raise OutcomeUnknown(
            f"{where}: the upload was to be completed and is gone; something of its size lies there, without the mark that would tell whose it is",
            hint="compare it with the file; sendoff retry sends it again",
        )
