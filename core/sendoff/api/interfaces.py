"""What uploads have in common with whatever else may be transferred one day: for type annotations."""

from __future__ import annotations

from typing import BinaryIO, Protocol

from sendoff.api.response import ResponseInformation
from sendoff.model.secret import Credential
from sendoff.model.status import CostPolicy, TransferPriority


class TransferConfig(Protocol):
    """What is set before operations are created; ``BackgroundUploader`` is one.

    >>> config: sendoff.TransferConfig = sendoff.BackgroundUploader()
    >>> config.set_request_header("X-Project", "films")
    """

    method: str | None
    group: str | None
    cost_policy: CostPolicy
    server_credential: Credential | str | None
    proxy_credential: Credential | str | None

    def set_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """Send this header with what is created from now on.

        name, value: as they are written. secret: keep it sealed; None = where its name says so. Errors: ``InvalidArgument``.
        """

    def remove_request_header(self, name: str) -> None:
        """Send it no more; one that was not set is no error. name: in any case. Errors: none."""


class TransferOperation(Protocol):
    """What can be asked of any transfer; ``UploadOperation`` is one.

    >>> transfer: sendoff.TransferOperation = sendoff.put("a.iso", "archive:")
    >>> transfer.method
    'PUT'
    """

    id: str
    cost_policy: CostPolicy
    priority: TransferPriority

    @property
    def requested_url(self) -> str:
        """Where it was asked to go."""
        ...

    @property
    def method(self) -> str | None:
        """Its verb; None where the transport has none."""
        ...

    @property
    def group(self) -> str | None:
        """The group it is in."""
        ...

    @property
    def response(self) -> ResponseInformation | None:
        """The server's last answer."""
        ...

    def open_response(self, offset: int = 0) -> BinaryIO:
        """The kept body of the server's answer. offset: bytes from its beginning. Errors: ``UnknownOperation``, ``HostUnavailable``."""
        ...
