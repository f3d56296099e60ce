"""``Template``: what is set on an uploader, for what it creates afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sendoff.api.client import Client
from sendoff.api.group import TransferGroup
from sendoff.api.notification import Notifying
from sendoff.api.options import checked_credential, fields_of
from sendoff.api.tls import NONE, checked_tls
from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.header import Header, checked_header, joined
from sendoff.model.secret import Credential, Secret
from sendoff.model.status import CostPolicy

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_REQUESTS = 4  # one try and three retries
_USUAL = "POST"


class Template(Notifying):
    """What holds for operations that are created afterwards, and never for those that are there already. client: whose they become."""

    __slots__ = (
        "_client", "_headers", "_method", "_proxy_credential", "_server_credential", "_tls", "_transfer_group",
        "copy", "cost_policy", "existing", "if_changed", "metadata", "recoverable_errors", "then", "verify",
    )  # fmt: skip

    def __init__(self, client: Client | None) -> None:
        super().__init__()
        self._client = client
        self._method: str | None = None
        self._headers: list[Header] = []
        self._server_credential: Credential | str | None = None
        self._proxy_credential: Credential | str | None = None
        self._transfer_group: TransferGroup | None = None
        self._tls = NONE
        self.cost_policy = CostPolicy.DEFAULT
        self.metadata: Mapping[str, Any] = {}
        self.existing: str | None = None
        self.verify: str | None = None
        self.if_changed: str | None = None
        self.recoverable_errors: Iterable[int] = ()
        self.copy = False
        self.then: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            known = [one for one in dir(type(self)) if not one.startswith("_")]
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}{nearest(name, known)}")
        object.__setattr__(self, name, value)

    @property
    def method(self) -> str | None:
        """HTTP method of what is created from now on, sent as it stands; ``InvalidArgument`` for what is none.

        Where it was not set, or set to None, it is ``POST``, and none where the transport has none (sftp, s3), which refuse one that was set.
        """
        return _USUAL if self._method is None else self._method

    @method.setter
    def method(self, value: str | None) -> None:
        if value is not None and (not isinstance(value, str) or not _METHOD.fullmatch(value)):
            raise InvalidArgument(f"method {value!r}: it is a word like POST or PUT (RFC 9110 section 5.6.2)")
        self._method = value

    @property
    def transfer_group(self) -> TransferGroup | None:
        """The group of what is created from now on; None = none. ``InvalidArgument`` for what is no group."""
        return self._transfer_group

    @transfer_group.setter
    def transfer_group(self, value: TransferGroup | None) -> None:
        if value is not None and not isinstance(value, TransferGroup):
            raise InvalidArgument(f"transfer_group {value!r}: TransferGroup.create(name) gives one; a name alone is set as group")
        self._transfer_group = value if value is None or self._client is None else TransferGroup.create(value.name, self._client)

    @property
    def group(self) -> str | None:
        """The name of ``transfer_group``; setting it sets that, and leaves the group's behavior as it is."""
        return None if self._transfer_group is None else self._transfer_group.name

    @group.setter
    def group(self, value: str | None) -> None:
        self._transfer_group = None if value is None else TransferGroup.create(value, self._client)

    @property
    def server_credential(self) -> Credential | str | None:
        """Who we are to the server; ``InvalidArgument`` for one without a name or a secret.

        A password goes out when the server has asked for it, as a digest where it offers that. A ``Credential`` is kept sealed with each operation.
        """
        return self._server_credential

    @server_credential.setter
    def server_credential(self, value: Credential | str | None) -> None:
        self._server_credential = checked_credential(value) if isinstance(value, Credential) else value

    @property
    def proxy_credential(self) -> Credential | str | None:
        """Who we are to an HTTP proxy: a user name and a password; ``InvalidArgument`` for one without either."""
        return self._proxy_credential

    @proxy_credential.setter
    def proxy_credential(self, value: Credential | str | None) -> None:
        if isinstance(value, Credential) and checked_credential(value).kind != "basic":
            raise InvalidArgument(f"the credential for the proxy is of kind {value.kind!r}; a user name and a password are expected")
        self._proxy_credential = value

    @property
    def tls(self) -> Mapping[str, Any]:
        """Whom to trust: ``ca_file``, ``client_cert``, ``client_key``, ``pin`` and ``min_tls``, as in the section of a destination; stronger than that.

        Files are kept with each operation by their paths, and are read at each try. None = nothing said. ``InvalidArgument`` for any other name.
        """
        return self._tls

    @tls.setter
    def tls(self, value: Mapping[str, Any] | None) -> None:
        self._tls = NONE if value is None else checked_tls(value)

    def set_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """Send this header; the values of one that is set twice are joined by a comma.

        name, value: as they are written. secret: keep it sealed; None = where its name says so. Errors: ``InvalidArgument``.
        """
        self._headers.append(checked_header(name, Secret(value) if secret else value))

    def remove_request_header(self, name: str) -> None:
        """Send it no more; one that was not set is no error. name: in any case. Errors: none."""
        self._headers = [one for one in self._headers if one[0].lower() != name.lower()]

    def _fields(self, id: str | None, verb: str, *, protocol: str | None = None) -> dict[str, Any]:
        """What is set, as fields of a ``Request``."""
        headers, proxy = joined(tuple(self._headers)), self._proxy_credential
        said = {**self._tls, **({"proxy_credential": proxy} if isinstance(proxy, str) else {})}
        options: dict[str, Any] = {
            "method": self._method, "headers": [one for one in headers if not isinstance(one[1], Secret)],
            "secret_headers": [one for one in headers if isinstance(one[1], Secret)], "credential": self._server_credential, "id": id,
            "group": self.group, "cost": self.cost_policy, "metadata": self.metadata, "existing": self.existing, "verify": self.verify, "patience": 0,
            "recoverable_errors": self.recoverable_errors, "then": self.then, "if_changed": self.if_changed,
            "protocol": protocol, "options": said or None,
        }  # fmt: skip
        fields = {**fields_of(options, verb), "attempts": _REQUESTS, "literal": True}
        return {**fields, "identities": {**fields.get("identities", {}), "proxy": proxy}} if isinstance(proxy, Credential) else fields
