"""``BackgroundUploader``: the Windows class's names and literal rules, over the same operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sendoff.api.batch import Batch
from sendoff.api.bridge import in_thread
from sendoff.api.client import Client, default
from sendoff.api.handover import Asked, Handover, Posted
from sendoff.api.operation import UploadOperation
from sendoff.api.options import checked_credential, fields_of
from sendoff.api.part import ContentPart, checked_parts
from sendoff.api.source import Measured, Readable, UploadSource, check_destination
from sendoff.errors import InvalidArgument
from sendoff.model.complaint import nearest
from sendoff.model.form import FORM_DATA, checked_boundary, checked_subtype
from sendoff.model.header import Header, checked_header, joined
from sendoff.model.query import Query
from sendoff.model.secret import Credential, Secret
from sendoff.model.source import Form
from sendoff.model.status import CostPolicy

Upload = tuple[str, UploadSource] | tuple[str, UploadSource, str | None]
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_REQUESTS = 4  # one try and three retries
_USUAL = "POST"


class BackgroundUploader:
    """A template: what is set here holds for the operations that are created afterwards, and never for those that are there already.

    An operation is created without being started, and fails after four requests, as the Windows pages say; ``put`` has patience instead. A ``POST``, the
    default, is the least durable way there is: when its answer is lost it is not sent again, and the log says so once. Set ``method`` to ``PUT`` where the
    server takes it.

    Parameters
    ----------
    client: whose operations they become; the one of ``sendoff.put`` by default.

    Attributes
    ----------
    method: HTTP method, ``POST``. cost_policy: on which networks they may run. group: the name of the group they belong to.
    metadata: your own data. existing: ``overwrite skip fail``. verify: ``auto size digest read-back``. server_credential, proxy_credential: who we are to the
    server and to the proxy, a ``Credential`` or a reference; the one is never shown to the other. Any other name raises ``AttributeError``.

    >>> uploader = BackgroundUploader()
    >>> uploader.method = "PUT"
    """

    __slots__ = ("_client", "_headers", "_method", "_proxy_credential", "_said", "_server_credential", "cost_policy", "existing", "group", "metadata", "verify")

    def __init__(self, client: Client | None = None) -> None:
        self._client = client
        self._method: str | None = None
        self._headers: list[Header] = []
        self._server_credential: Credential | str | None = None
        self._proxy_credential: Credential | str | None = None
        self._said: set[str] = set()
        self.cost_policy = CostPolicy.DEFAULT
        self.group: str | None = None
        self.metadata: Mapping[str, Any] = {}
        self.existing: str | None = None
        self.verify: str | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        if not hasattr(type(self), name):
            known = [one for one in dir(type(self)) if not one.startswith("_")]
            raise AttributeError(f"BackgroundUploader has no attribute {name!r}{nearest(name, known)}")
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

    def set_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """Send this header; the values of one that is set twice are joined by a comma.

        secret: keep it sealed; None = where its name says so. Errors: ``InvalidArgument``.
        """
        self._headers.append(checked_header(name, Secret(value) if secret else value))

    def remove_request_header(self, name: str) -> None:
        """Send it no more; one that was not set is no error."""
        self._headers = [one for one in self._headers if one[0].lower() != name.lower()]

    # -- creating ---------------------------------------------------------------------------------------------------

    def create_upload(self, url: str, source: UploadSource, *, id: str | None = None) -> UploadOperation:
        """An operation, created and not started: ``start()`` begins it.

        url: absolute, or ``NAME:path``. source: a path, bytes or a readable binary object. id: your own. Errors: as ``put``.
        """
        return self._handover().one(self._asked((url, source, id)), start=False)

    def create_uploads(self, uploads: Iterable[Upload]) -> Batch:
        """Many operations as one batch, created and not started: ``(url, source)`` or ``(url, source, id)``; what is refused is in ``batch.errors``."""
        return self._handover().many(uploads, self._asked, start=False)

    def create_upload_from_stream(self, url: str, stream: Readable, length: int | None = None, *, id: str | None = None) -> UploadOperation:
        """An operation for what a readable binary object gives, which is on disk when this returns; created and not started.

        length: bytes it must have; ``InvalidArgument`` where it has more or fewer, and then nothing is stored. None = whatever it has.
        """
        if not callable(getattr(stream, "read", None)):
            raise InvalidArgument(f"a {type(stream).__name__} cannot be read; hand over a binary file, or create_upload() a path or bytes")
        if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 0):
            raise InvalidArgument(f"length={length!r}: a number of bytes is expected")
        return self.create_upload(url, stream if length is None else Measured(stream, length), id=id)

    def create_multipart_upload(
        self, url: str, parts: Iterable[ContentPart], subtype: str = FORM_DATA, boundary: str | None = None, *, id: str | None = None
    ) -> UploadOperation:
        """An operation for several parts as one body, created and not started.

        Parameters
        ----------
        url: to which it goes as it stands, also where it ends in ``/``. parts: one or more, in their order.
        subtype: what stands behind ``multipart/`` (RFC 2046 section 5.1); with another than ``form-data`` parts need no names.
        boundary: what stands between the parts, 1 to 70 characters; made where not said. It must not occur in a part: texts, bytes and streams are searched
        for it, files, which are read when it is sent, are not.

        Errors: ``InvalidArgument`` and its kin; then nothing is stored.
        """
        check_destination(url)
        form = Form(subtype=checked_subtype(_text("subtype", subtype)), boundary=checked_boundary(_text("boundary", boundary)) if boundary is not None else "")
        fields = self._fields(id, "create_multipart_upload", protocol="plain")
        return self._handover().form(Posted(parts=checked_parts(parts), destination=url, fields=fields, form=form), start=False)

    def current_uploads(self, group: str | None = None, *, all_groups: bool = False) -> list[UploadOperation]:
        """Operations that are unfinished or not acknowledged: those without a group, those of ``group``, or all."""
        connection = self._used()._connection
        views = connection.everything(Query(listed=True, group=group))
        return [UploadOperation(connection, view["id"], view=view) for view in views if all_groups or view["group"] == group]

    # -- the same for await: the caller's loop never waits ------------------------------------------------------------

    async def acreate_upload(self, url: str, source: UploadSource, *, id: str | None = None) -> UploadOperation:
        """``create_upload`` for ``await``."""
        return await in_thread(self.create_upload, url, source, id=id)

    async def acreate_uploads(self, uploads: Iterable[Upload]) -> Batch:
        """``create_uploads`` for ``await``; they are taken in another thread."""
        return await in_thread(self.create_uploads, uploads)

    async def acreate_upload_from_stream(self, url: str, stream: Readable, length: int | None = None, *, id: str | None = None) -> UploadOperation:
        """``create_upload_from_stream`` for ``await``; the stream is read in another thread."""
        return await in_thread(self.create_upload_from_stream, url, stream, length, id=id)

    async def acreate_multipart_upload(
        self, url: str, parts: Iterable[ContentPart], subtype: str = FORM_DATA, boundary: str | None = None, *, id: str | None = None
    ) -> UploadOperation:
        """``create_multipart_upload`` for ``await``; streams are read in another thread."""
        return await in_thread(self.create_multipart_upload, url, parts, subtype, boundary, id=id)

    async def acurrent_uploads(self, group: str | None = None, *, all_groups: bool = False) -> list[UploadOperation]:
        """``current_uploads`` for ``await``."""
        return await in_thread(self.current_uploads, group, all_groups=all_groups)

    # -- what is handed over ------------------------------------------------------------------------------------------

    def _used(self) -> Client:
        return self._client if self._client is not None else default()

    def _handover(self) -> Handover:
        return Handover(self._used()._connection, said=self._said)

    def _asked(self, upload: Any) -> Asked:
        if not isinstance(upload, tuple | list) or len(upload) not in (2, 3):
            raise InvalidArgument("each is (url, source) or (url, source, id)")
        url, source, id = (*upload, None)[:3]
        return Asked(source=source, destination=url, fields=self._fields(id, "create_upload"))

    def _fields(self, id: str | None, verb: str, *, protocol: str | None = None) -> dict[str, Any]:
        """What is set, as fields of a ``Request``."""
        headers, proxy = joined(tuple(self._headers)), self._proxy_credential
        options: dict[str, Any] = {
            "method": self._method, "headers": [one for one in headers if not isinstance(one[1], Secret)],
            "secret_headers": [one for one in headers if isinstance(one[1], Secret)], "credential": self._server_credential, "id": id,
            "group": self.group, "cost": self.cost_policy, "metadata": self.metadata, "existing": self.existing, "verify": self.verify, "patience": 0,
            "protocol": protocol, "options": {"proxy_credential": proxy} if isinstance(proxy, str) else None,
        }  # fmt: skip
        fields = {**fields_of(options, verb), "attempts": _REQUESTS, "literal": True}
        return {**fields, "identities": {**fields.get("identities", {}), "proxy": proxy}} if isinstance(proxy, Credential) else fields


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}={value!r}: a text is expected")
    return value
