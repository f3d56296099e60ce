"""The transport for azure://."""

from __future__ import annotations

from pathlib import PurePosixPath
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from sendoff import Aborting, Delivery, Destination, Leftover, Probe, Probing, Shipment, Sweeping, Target, Transport, TransportToolkit

from sendoff_azure_blob.address import below, place_of
from sendoff_azure_blob.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sendoff_azure_blob.service import Service


class AzureBlobTransport(Transport, Aborting, Sweeping, Probing):
    """Puts blobs: small ones at once, large ones in blocks that survive this process. The library that talks to Azure is imported by the first try."""

    schemes: ClassVar[tuple[str, ...]] = ("azure",)
    resumable: ClassVar[bool | None] = True
    compares: ClassVar[bool] = True
    paces: ClassVar[bool] = True
    Settings: ClassVar[type] = Settings

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self._service: Service | None = None
        self._lock = Lock()

    def target(self, name: PurePosixPath) -> Target:
        """The destination itself when it is exact, else the name below it."""
        if self.destination.exact:
            place_of(self.destination.url)
            return Target(self.destination.url)
        return Target(below(self.destination.url, name))

    def send(self, shipment: Shipment) -> Delivery:
        """One try: Put Blob, or the blocks that the server does not have yet."""
        from sendoff_azure_blob.sending import sent

        return sent(self._serving(), shipment)

    def abort(self, leftover: Leftover) -> None:
        """Returns when the server was seen to hold nothing more of the upload."""
        from sendoff_azure_blob.sweeping import aborted

        aborted(self._serving(), leftover)

    def leftovers(self) -> Iterator[Leftover]:
        """Names below the destination where blocks lie and no blob is yet."""
        from sendoff_azure_blob.sweeping import found

        return found(self._serving(), self.destination)

    def probe(self) -> Probe:
        """Asks whether the container is there."""
        from sendoff_azure_blob.sweeping import probed

        return probed(self._serving(), self.destination)

    def close(self) -> None:
        """Lets connections go; the next send opens new ones."""
        with self._lock:
            service = self._service
        if service is not None:
            service.close()

    def _serving(self) -> Service:
        """The service of this destination, made by the first to ask."""
        from sendoff_azure_blob.service import Service

        with self._lock:
            if self._service is None:
                self._service = Service(self.destination, self.settings, self.toolkit)
            return self._service
