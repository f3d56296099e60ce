"""Small things: one PutObject."""

from __future__ import annotations

from sendoff import Delivery, Shipment

from sendoff_s3 import checksum
from sendoff_s3.answers import UNSEEN, Refusal
from sendoff_s3.condition import Condition
from sendoff_s3.part import Part
from sendoff_s3.proof import Proof, Sent
from sendoff_s3.thing import Thing, mark_of

_HELD = 2**20  # bytes; several small things travel at once, and larger ones are read twice


class Single:
    """One try to send a small thing."""

    def __init__(self, shipment: Shipment, thing: Thing, token: str) -> None:
        self._shipment, self._thing, self._token = shipment, thing, token
        self._proof = Proof.begun(shipment, thing)
        self._condition = Condition(shipment, thing, self._proof)

    def run(self) -> Delivery:
        """Sends it, unless an earlier try has done so whose answer was lost."""
        done = self._condition.before(self._token)
        if done is not None:
            return done
        part = Part(self._shipment, self._thing.wire, 0, self._shipment.size, held=self._shipment.size <= _HELD).digest()
        sent = Sent(token=self._token, crc=part.crc)
        return self._earlier(sent) or self._put(part, sent)

    def _earlier(self, sent: Sent) -> Delivery | None:
        """What an earlier try of this operation has left, if that is all of it."""
        if self._shipment.operation.tally.attempts < 2:
            return None
        try:
            held = self._thing.head()
        except Refusal as refusal:
            if refusal.status not in UNSEEN:
                raise
            return None  # it may not be seen: the same thing is put once more
        if held is None or mark_of(held) != sent.token or held.get("ContentLength") != self._shipment.size:
            return None
        self._shipment.confirm(self._shipment.size)
        return self._proof.found(held, sent)

    def _put(self, part: Part, sent: Sent) -> Delivery:
        words = {"ChecksumCRC32": checksum.written(part.crc)} if self._thing.checksums else {}
        condition = self._condition.words()
        self._shipment.commit_point()
        try:
            body = part if part.length else b""
            told = self._thing.call("put_object", Body=body, ContentLength=part.length, **words, **condition, **self._thing.described(sent.token))
        except Refusal as refusal:
            if refusal.status == 412:
                return self._condition.failed(refusal, sent)
            raise
        self._shipment.confirm(self._shipment.size)
        return self._proof.of(Sent(token=sent.token, crc=sent.crc, told=told))
