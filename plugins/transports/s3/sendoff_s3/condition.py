"""Not overwriting: asked of the server with If-None-Match where it honors that, which is tried once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sendoff import Delivery, SendoffError, Shipment, TargetExists

from sendoff_s3.address import Place
from sendoff_s3.answers import UNSEEN, Refusal
from sendoff_s3.part import crc_of
from sendoff_s3.proof import Proof, Sent
from sendoff_s3.thing import Thing, mark_of

LEARNED = "if-none-match"


class Condition:
    """What is to become of something that is there already, for one try."""

    def __init__(self, shipment: Shipment, thing: Thing, proof: Proof) -> None:
        self._shipment, self._thing, self._proof = shipment, thing, proof

    @property
    def holds(self) -> bool:
        """Whether anything is to be spared at all."""
        return self._shipment.demand.existing != "overwrite"

    def before(self, token: str) -> Delivery | None:
        """Before the first byte: a delivery where nothing has to be sent. ``TargetExists`` where something is in the way."""
        held = self._seen() if self.holds else None
        return None if held is None else self.met(held, Sent(token=token, crc=None))

    def _seen(self) -> dict[str, Any] | None:
        """What is there; where that may not be seen, the server itself has to see to it."""
        try:
            return self._thing.head()
        except Refusal as refusal:
            if refusal.status not in UNSEEN or not self.words():
                raise
            return None

    def met(self, held: dict[str, Any], sent: Sent) -> Delivery:
        """Something is there: our own upload, whose answer was lost; or what is to be left alone."""
        if mark_of(held) == sent.token and held.get("ContentLength") == self._shipment.size:
            known = sent if sent.crc is not None else replace(sent, crc=crc_of(self._shipment, self._thing.wire))
            return self._proof.found(held, known)
        if self._shipment.demand.existing == "skip":
            return self._proof.skipped(held)
        raise TargetExists(f"{self._thing.wire.where} exists already, and is not overwritten", http_status=412)

    def failed(self, refusal: Refusal, sent: Sent) -> Delivery:
        """The server's 412: perhaps for what this upload itself has put there."""
        try:
            held = self._thing.head()
        except Refusal as unseen:
            if unseen.status not in UNSEEN:
                raise
            raise TargetExists(f"{self._thing.wire.where} exists already, and it may not be seen whose it is", http_status=412) from unseen
        if held is None:
            raise refusal
        return self.met(held, sent)

    def words(self) -> dict[str, str]:
        """What goes with the request that makes the object appear."""
        if not self.holds or not self._honored():
            return {}
        return {"IfNoneMatch": "*"}

    def _honored(self) -> bool:
        """Whether the server honors it: as set, as is known, or as was seen."""
        service = self._thing.service
        if service.settings.conditional != "auto":
            return service.settings.conditional == "yes"
        if service.server.conditional is not None:
            return service.server.conditional
        known = service.toolkit.learned.get(LEARNED)
        if known is None:
            known = self._tried()
            if known is not None:
                service.toolkit.learned.put(LEARNED, known)
            if known is False:
                text = "the server of %s ignores If-None-Match: between a look and the upload somebody else's object could be overwritten"
                service.toolkit.log.warning(text, self._thing.wire.where)
        return known is not False  # where it could not be tried it does no harm to ask

    def _tried(self) -> bool | None:
        """Writes an empty object twice, and takes it away again; None = it could not be tried."""
        service = self._thing.service
        key = f"{self._thing.place.key.rpartition('/')[0]}/.sendoff-{service.toolkit.random.getrandbits(64):016x}".lstrip("/")
        probe = Thing(service, Place(self._thing.place.bucket, key), self._thing.wire)
        try:
            probe.call("put_object", Body=b"", IfNoneMatch="*")
            try:
                probe.call("put_object", Body=b"", IfNoneMatch="*")
            except Refusal as refusal:
                return refusal.status == 412
            return False
        except Refusal as refusal:
            return False if refusal.status in (400, 501) else None
        finally:
            try:
                probe.call("delete_object")
            except (Refusal, SendoffError) as error:
                service.toolkit.log.warning("s3://%s/%s, an empty object by which If-None-Match was tried, is left: %s", *_names(probe), error)


def _names(thing: Thing) -> tuple[str, str]:
    return thing.place.bucket, thing.place.key
