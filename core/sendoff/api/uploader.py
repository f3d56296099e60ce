"""``BackgroundUploader``: the Windows class's names and literal rules, over the same operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from sendoff.api.batch import Batch
from sendoff.api.client import Client, default
from sendoff.api.completion import CompletionGroup
from sendoff.api.group import TransferGroup
from sendoff.api.handover import Asked, Handover
from sendoff.api.open_batch import OpenBatch
from sendoff.api.operation import UploadOperation
from sendoff.api.options import fields_of, login_of
from sendoff.api.source import UploadSource
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.header import Header, checked_header, joined
from sendoff.model.query import Query
from sendoff.model.secret import Credential, Secret
from sendoff.model.status import CostPolicy

Upload = tuple[str, UploadSource] | tuple[str, UploadSource, str | None]
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}")
_REQUESTS = 4  # one try and three retries


class BackgroundUploader:
    """A template: what is set here holds for the operations that are created afterwards, and never for those that are there already.

    An operation is created without being started, and fails after four requests, as the Windows pages say; ``put`` has patience instead.

    Parameters
    ----------
    client: whose operations they become; the one of ``sendoff.put`` by default. completion_group: they all join this one.

    Attributes
    ----------
    method: HTTP method, ``POST``. cost_policy: on which networks they may run. transfer_group, group: the group they belong to, and its name.
    metadata: your own data. existing: ``overwrite skip fail``. verify: ``auto size digest read-back``. server_credential: who we are to the server, a
    ``Credential`` or a reference. recoverable_errors: at which errors they wait for you instead of failing, as in ``put``.
    copy: take over what a file holds when it is created. then: ``delete`` or ``move:DIR``, once it was seen to be there.
    """

    def __init__(self, client: Client | None = None, *, completion_group: CompletionGroup | None = None) -> None:
        self._client, self._completion_group = client, completion_group
        self._batch: OpenBatch | None = None
        self._method = "POST"
        self._headers: list[Header] = []
        self._server_credential: Credential | str | None = None
        self.cost_policy = CostPolicy.DEFAULT
        self._transfer_group: TransferGroup | None = None
        self.metadata: Mapping[str, Any] = {}
        self.existing: str | None = None
        self.verify: str | None = None
        self.recoverable_errors: Iterable[int] = ()
        self.copy = False
        self.then: str | None = None

    @property
    def method(self) -> str:
        """HTTP method of what is created from now on; ``InvalidArgument`` for what is none."""
        return self._method

    @method.setter
    def method(self, value: str) -> None:
        if not isinstance(value, str) or not _METHOD.fullmatch(value):
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
        """Who we are to the server; ``InvalidArgument`` for one without a name or a secret."""
        return self._server_credential

    @server_credential.setter
    def server_credential(self, value: Credential | str | None) -> None:
        if isinstance(value, Credential):
            login_of(value)
        self._server_credential = value

    def set_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """Send this header; the values of one that is set twice are joined by a comma.

        secret: keep it sealed; None = where its name says so. Errors: ``InvalidArgument``.
        """
        self._headers.append(checked_header(name, Secret(value) if secret else value))

    def remove_request_header(self, name: str) -> None:
        """Send it no more; one that was not set is no error."""
        self._headers = [one for one in self._headers if one[0].lower() != name.lower()]

    def create_upload(
        self, url: str, source: UploadSource, *, offset: int = 0, length: int | None = None, id: str | None = None
    ) -> UploadOperation:  # fmt: skip
        """An operation, created and not started: ``start()`` begins it.

        url: absolute, or ``NAME:path``. source: a path, bytes or a readable binary object. offset, length: bytes of a file, all from there on where no
        length is said. id: your own. Errors: as ``put``; ``InvalidArgument`` where the file has not so many bytes.
        """
        asked, part = self._asked((url, source, id)), fields_of({"offset": offset, "length": length}, "create_upload")
        return self._handover().one(replace(asked, fields={**asked.fields, **part}), start=False)

    def create_uploads(self, uploads: Iterable[Upload]) -> Batch:
        """Many operations as one batch, created and not started: ``(url, source)`` or ``(url, source, id)``; what is refused is in ``batch.errors``."""
        return self._handover().many(uploads, self._asked, start=False)

    @property
    def completion_group(self) -> CompletionGroup | None:
        """What its operations join, as it was said when this uploader was made."""
        return self._completion_group

    @contextmanager
    def batch(self) -> Iterator[Batch]:
        """Everything that is created in the ``with`` is one batch, which is told of once: ``batch_completed``, when all of it has ended.

        Before the end of the ``with`` it has not, even where the first has ended before the second is created. Should this process die before, the host
        closes it at what came. Errors: ``InvalidState`` in a ``with batch()`` of the same uploader, or where that has a completion group, which is one.
        """
        if self._completion_group is not None or self._batch is not None:
            what = "has a completion group, which is a batch" if self._completion_group is not None else "has an open batch already"
            raise InvalidState(f"this uploader {what}")
        self._batch = batch = OpenBatch(self._used()._connection)
        try:
            yield batch
        finally:
            self._batch = None
            batch.seal()

    def _open_batch(self) -> OpenBatch | None:
        """What operations are created in now."""
        return self._batch if self._completion_group is None else self._completion_group._bound(self._used()._connection)

    def current_uploads(self, group: str | None = None, *, all_groups: bool = False) -> list[UploadOperation]:
        """Operations that are unfinished or not acknowledged: those without a group, those of ``group``, or all."""
        connection = self._used()._connection
        views = connection.everything(Query(listed=True, group=group))
        return [UploadOperation(connection, view["id"], view=view) for view in views if all_groups or view["group"] == group]

    def current_uploads_for_group(self, group: TransferGroup) -> list[UploadOperation]:
        """As ``current_uploads``, those of this group, whichever process created them. Errors: ``InvalidArgument`` for what is no group."""
        if not isinstance(group, TransferGroup):
            raise InvalidArgument(f"{group!r} is no TransferGroup; current_uploads takes a name")
        return self.current_uploads(group.name)

    def _used(self) -> Client:
        return self._client if self._client is not None else default()

    def _handover(self) -> Handover:
        return Handover(self._used()._connection, quiet=True, batch=self._open_batch())

    def _asked(self, upload: Any) -> Asked:
        if not isinstance(upload, tuple | list) or len(upload) not in (2, 3):
            raise InvalidArgument("each is (url, source) or (url, source, id)")
        url, source, id = (*upload, None)[:3]
        headers = joined(tuple(self._headers))
        options: dict[str, Any] = {
            "method": self._method, "headers": [one for one in headers if not isinstance(one[1], Secret)],
            "secret_headers": [one for one in headers if isinstance(one[1], Secret)], "credential": self._server_credential, "id": id,
            "group": self.group, "cost": self.cost_policy, "metadata": self.metadata, "existing": self.existing, "verify": self.verify, "patience": 0,
            "recoverable_errors": self.recoverable_errors,
            "then": self.then,
        }  # fmt: skip
        return Asked(source=source, destination=url, fields={**fields_of(options, "create_upload"), "attempts": _REQUESTS}, copy=self.copy)
