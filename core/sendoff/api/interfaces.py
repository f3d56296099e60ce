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

    @property
    def method(self) -> str | None:
        """The verb of what is created from now on."""
        ...

    @method.setter
    def method(self, value: str | None) -> None: ...

    @property
    def group(self) -> str | None:
        """The group of what is created from now on, by its name; None = none."""
        ...

    @group.setter
    def group(self, value: str | None) -> None: ...

    @property
    def cost_policy(self) -> CostPolicy:
        """On which networks it may run."""
        ...

    @cost_policy.setter
    def cost_policy(self, value: CostPolicy) -> None: ...

    @property
    def server_credential(self) -> Credential | str | None:
        """Who we are to the server: a ``Credential``, or a reference."""
        ...

    @server_credential.setter
    def server_credential(self, value: Credential | str | None) -> None: ...

    @property
    def proxy_credential(self) -> Credential | str | None:
        """Who we are to the proxy: a ``Credential``, or a reference."""
        ...

    @proxy_credential.setter
    def proxy_credential(self, value: Credential | str | None) -> None: ...

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

    @property
    def cost_policy(self) -> CostPolicy:
        """On which networks it may run."""
        ...

    @cost_policy.setter
    def cost_policy(self, value: CostPolicy) -> None: ...

    @property
    def priority(self) -> TransferPriority:
        """Who goes first."""
        ...

    @priority.setter
    def priority(self, value: TransferPriority) -> None: ...

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
