"""Small things: one Put Blob."""

from __future__ import annotations

from sendoff import Delivery, Shipment

from sendoff_azure_blob.answers import EXISTS, Refusal
from sendoff_azure_blob.condition import Condition
from sendoff_azure_blob.part import Part
from sendoff_azure_blob.proof import Proof, Sent
from sendoff_azure_blob.thing import Thing, mark_of

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
        return self._earlier() or self._put(part)

    def _earlier(self) -> Delivery | None:
        """What an earlier try of this operation has left, if that is all of it."""
        if self._shipment.operation.tally.attempts < 2:
            return None
        try:
            held = self._thing.head()
        except Refusal as refusal:
            if not refusal.unseen:
                raise
            return None  # it may not be seen: the same thing is put once more
        if held is None or mark_of(held) != self._token or held.size != self._shipment.size:
            return None
        return self._proof.found(held)

    def _put(self, part: Part) -> Delivery:
        self._shipment.commit_point()
        try:
            told = self._thing.put(part, self._token, anew=self._condition.holds)
        except Refusal as refusal:
            if refusal.code in EXISTS and self._condition.holds:
                return self._condition.failed(refusal, self._token)
            raise
        stored = told.get("content_md5")
        checked = self._proof.compared(bytes(stored) if stored else None, part.md5)
        self._shipment.confirm(self._shipment.size)
        return self._proof.of(Sent(token=self._token, seen="server-digest" if checked else "accepted", md5=part.md5, told=told))
