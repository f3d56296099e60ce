"""Not overwriting: Azure itself sees to it, with If-None-Match."""

from __future__ import annotations

from azure.storage.blob import BlobProperties
from sendoff import Delivery, Shipment, TargetExists, Transient

from sendoff_azure_blob.answers import Refusal
from sendoff_azure_blob.leftovers import cleared
from sendoff_azure_blob.proof import Proof
from sendoff_azure_blob.thing import Thing, mark_of


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
        return None if held is None else self.met(held, token)

    def _seen(self) -> BlobProperties | None:
        """What is there; where that may not be seen, the server sees to it in the end."""
        try:
            return cleared(self._thing)
        except Refusal as refusal:
            if not refusal.unseen:
                raise
            return None

    def met(self, held: BlobProperties, token: str) -> Delivery:
        """Something is there: our own upload, whose answer was lost; or what is to be left alone."""
        if mark_of(held) == token and held.size == self._shipment.size:
            return self._proof.found(held)
        if self._shipment.demand.existing == "skip":
            return self._proof.skipped(held)
        raise TargetExists(f"{self._thing.wire.where} exists already, and is not overwritten", http_status=412)

    def failed(self, refusal: Refusal, token: str) -> Delivery:
        """The server says that something is there: perhaps what this upload itself has put."""
        try:
            held = cleared(self._thing)
        except Refusal as unseen:
            if not unseen.unseen:
                raise
            raise TargetExists(f"{self._thing.wire.where} exists already, and it may not be seen whose it is", http_status=412) from unseen
        if held is None:
            text = f"{self._thing.wire.where}: what stood in the way is gone; it was perhaps what a removal of unfinished uploads leaves for a moment"
            raise Transient(text) from refusal
        return self.met(held, token)
