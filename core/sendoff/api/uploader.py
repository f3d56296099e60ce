"""``BackgroundUploader``: the Windows class's names and literal rules, over the same operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sendoff.api.batch import Batch
from sendoff.api.bridge import in_thread
from sendoff.api.client import Client, default
from sendoff.api.completion import CompletionGroup
from sendoff.api.group import TransferGroup
from sendoff.api.handover import Asked, Handover, Posted
from sendoff.api.open_batch import BatchScope, OpenBatch
from sendoff.api.operation import UploadOperation
from sendoff.api.options import fields_of, flag
from sendoff.api.part import ContentPart, checked_parts
from sendoff.api.source import Measured, Readable, UploadSource, check_destination
from sendoff.api.template import Template
from sendoff.api.unconstrained import UnconstrainedResult, requested
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.form import FORM_DATA, checked_boundary, checked_subtype
from sendoff.model.query import Query, View
from sendoff.model.source import Form

Upload = tuple[str, UploadSource] | tuple[str, UploadSource, str | None]


class BackgroundUploader(Template):
    """A template: what is set here holds for the operations that are created afterwards, and never for those that are there already.

    An operation is created without being started, and fails after four requests, as the Windows pages say; ``put`` has patience instead. A ``POST``, the
    default, is the least durable way there is: when its answer is lost it is not sent again, and the log says so once. Set ``method`` to ``PUT`` where the
    server takes it.

    Parameters
    ----------
    client: whose operations they become; the one of ``sendoff.put`` by default. completion_group: they all join this one.

    Attributes
    ----------
    method: HTTP method, ``POST``. cost_policy: on which networks they may run. transfer_group, group: the group they belong to, and its name.
    metadata: your own data. existing: ``overwrite skip fail``. verify: ``auto size digest read-back``. server_credential, proxy_credential: who we are to the
    server and to the proxy, a ``Credential`` or a reference; the one is never shown to the other. recoverable_errors: at which errors they wait for you
    instead of failing, as in ``put``. tls: whom to trust, ``{"ca_file": "ca.pem"}``. copy: take over what a file holds when it is created. then: ``delete``
    or ``move:DIR``, once it was seen to be there. if_changed: ``fail``, or ``restart`` with what a file holds that was changed after it was created.
    success_notification, failure_notification, success_tile_notification, failure_tile_notification: what people are told, by the host's sinks, once all
    that it has created has ended: what there is when the last one ends, so create all of it before starting any, or use ``batch()``.

    Any other name raises ``AttributeError``.

    >>> uploader = sendoff.BackgroundUploader()
    >>> uploader.method = "PUT"
    >>> handle = uploader.create_upload("archive:a.iso", "a.iso").start()
    >>> handle.result(timeout=3600).response.status_code
    201
    """

    __slots__ = ("_announced", "_batch", "_completion_group", "_said_once", "_set")

    def __init__(self, client: Client | None = None, *, completion_group: CompletionGroup | None = None) -> None:
        super().__init__(client)
        self._completion_group = completion_group
        self._batch: OpenBatch | None = None
        self._set: OpenBatch | None = None  # what people are told of that belongs to no other batch
        self._announced: dict[str, Mapping[str, Any]] = {}
        self._said_once: set[str] = set()

    @property
    def completion_group(self) -> CompletionGroup | None:
        """What its operations join, as it was said when this uploader was made."""
        return self._completion_group

    # -- creating ---------------------------------------------------------------------------------------------------

    def create_upload(self, url: str, source: UploadSource, *, offset: int = 0, length: int | None = None, id: str | None = None) -> UploadOperation:
        """An operation, created and not started: ``start()`` begins it.

        url: absolute, or ``NAME:path``. source: a path, bytes or a readable binary object. offset, length: bytes of a file, all from there on where no
        length is said. id: your own. Errors: as ``put``; ``InvalidArgument`` where the file has not so many bytes.
        """
        asked, part = self._asked((url, source, id)), fields_of({"offset": offset, "length": length}, "create_upload")
        return self._handover().one(replace(asked, fields={**asked.fields, **part}), start=False)

    def create_uploads(self, uploads: Iterable[Upload]) -> Batch:
        """Many operations as one batch, created and not started; what is refused is in ``batch.errors``.

        uploads: ``(url, source)`` or ``(url, source, id)``, taken as they come. Errors: ``HostUnavailable``.
        """
        return self._handover().many(uploads, self._asked, start=False)

    def create_upload_from_stream(self, url: str, stream: Readable, length: int | None = None, *, id: str | None = None) -> UploadOperation:
        """An operation for what a readable binary object gives, which is on disk when this returns; created and not started.

        url: absolute, or ``NAME:path``. stream: read to its end. length: bytes it must have; None = whatever it has. id: your own.
        Errors: as ``put``; ``InvalidArgument`` where it has more or fewer bytes, and then nothing is stored.
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
        url: to which it goes as it stands, also where it ends in ``/``. parts: one or more, in their order. id: your own.
        subtype: what stands behind ``multipart/`` (RFC 2046 section 5.1); with another than ``form-data`` parts need no names.
        boundary: what stands between the parts, 1 to 70 characters; made where not said. It must not occur in a part: texts, bytes and streams are searched
        for it, files, which are read when it is sent, are not.

        Errors: ``InvalidArgument`` and its kin; then nothing is stored.
        """
        check_destination(url)
        form = Form(subtype=checked_subtype(_text("subtype", subtype)), boundary=checked_boundary(_text("boundary", boundary)) if boundary is not None else "")
        fields = self._fields(id, "create_multipart_upload", protocol="plain")
        return self._handover().form(Posted(parts=checked_parts(parts), destination=url, fields=fields, form=form, copy=self._copies()), start=False)

    def batch(self) -> BatchScope:
        """Everything that is created in the ``with`` is one batch, which is told of once: ``batch_completed``, when all of it has ended.

        Before the end of the ``with``, or ``async with``, it has not, even where the first has ended before the second is created. Should this process die
        before, the host closes it at what came; so it does where no host can be asked at the end. A forked child that leaves the ``with`` closes nothing.
        Errors: ``InvalidState`` in a ``with batch()`` of the same uploader, or where that has a completion group, which is one; ``HostUnavailable``.
        """
        return BatchScope(self._begin_batch, self._end_batch)

    def _begin_batch(self) -> OpenBatch:
        if self._completion_group is not None or self._batch is not None:
            what = "has a completion group, which is a batch" if self._completion_group is not None else "has an open batch already"
            raise InvalidState(f"this uploader {what}")
        self._batch = OpenBatch(self._used()._connection)
        return self._batch

    def _end_batch(self, error: BaseException | None) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            batch.end(error)

    def _open_batch(self) -> OpenBatch | None:
        """What operations are created in now; where people are told of them, they are a set."""
        batch = self._batch if self._completion_group is None else self._completion_group._bound(self._used()._connection)
        told = self._told()
        if batch is None and told:
            batch = self._set = self._set or OpenBatch(self._used()._connection, "set of this uploader")
        if batch is not None and (told or self._announced.get(batch.batch_id)) and self._announced.get(batch.batch_id) != told:
            batch.announce({**told, "loose": batch is self._set})
            self._announced = {batch.batch_id: told}
        return batch

    def current_uploads(self, group: str | None = None, *, all_groups: bool = False) -> list[UploadOperation]:
        """Operations that are unfinished or not acknowledged: those without a group.

        group: those of this group instead, by its name. all_groups: all of them. With ``connect(parity="winrt")`` each ``PUT`` among them that an ended
        program had left begins anew. Errors: ``InvalidArgument``, ``HostUnavailable``.
        """
        if isinstance(group, TransferGroup):
            raise InvalidArgument("current_uploads takes the name of a group; current_uploads_for_group takes a TransferGroup")
        if group is not None and not isinstance(group, str):
            raise InvalidArgument(f"group={group!r}: the name of a group is expected")
        connection = self._used()._connection

        def listed() -> list[View]:
            return list(connection.everything(Query(listed=True, group=group, grouped=None if all_groups or group is not None else False)))

        return [UploadOperation(connection, view["id"], view=view) for view in connection.recalled(listed)]

    def current_uploads_for_group(self, group: TransferGroup) -> list[UploadOperation]:
        """As ``current_uploads``, those of one group, whichever process created them.

        group: a ``TransferGroup``. Errors: ``InvalidArgument`` for what is no group.
        """
        if not isinstance(group, TransferGroup):
            raise InvalidArgument(f"{group!r} is no TransferGroup; current_uploads takes a name")
        return self.current_uploads(group.name)

    @staticmethod
    def request_unconstrained(operations: Iterable[UploadOperation]) -> UnconstrainedResult:
        """Ask that these go on while the machine saves power; network and cost policy hold as before. What is granted is kept with each of them.

        The configuration answers, for there is nobody to ask: ``[policy] unconstrained``, which is false where it says nothing. Where it is denied, nothing
        changes: they pause while power is saved. operations: any number that have not ended. Errors: ``InvalidArgument`` for anything else, ``InvalidState``
        where all of them have ended, ``UnknownOperation``, ``HostUnavailable``.
        """
        return requested(operations)

    # -- the same for await: the caller's loop never waits ------------------------------------------------------------

    async def acreate_upload(
        self, url: str, source: UploadSource, *, offset: int = 0, length: int | None = None, id: str | None = None
    ) -> UploadOperation:  # fmt: skip
        """``create_upload`` for ``await``."""
        return await in_thread(self.create_upload, url, source, offset=offset, length=length, id=id)

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

    async def acurrent_uploads_for_group(self, group: TransferGroup) -> list[UploadOperation]:
        """``current_uploads_for_group`` for ``await``."""
        return await in_thread(self.current_uploads_for_group, group)

    @staticmethod
    async def arequest_unconstrained(operations: Iterable[UploadOperation]) -> UnconstrainedResult:
        """``request_unconstrained`` for ``await``."""
        return await in_thread(requested, operations)

    # -- what is handed over ------------------------------------------------------------------------------------------

    def _used(self) -> Client:
        return self._client if self._client is not None else default()

    def _handover(self) -> Handover:
        return Handover(self._used()._connection, said=self._said_once, batch=self._open_batch())

    def _asked(self, upload: Any) -> Asked:
        if not isinstance(upload, tuple | list) or len(upload) not in (2, 3):
            raise InvalidArgument("each is (url, source) or (url, source, id)")
        url, source, id = (*upload, None)[:3]
        return Asked(source=source, destination=url, fields=self._fields(id, "create_upload"), copy=self._copies())

    def _copies(self) -> bool:
        return flag({"copy": self.copy}, "copy", False)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise InvalidArgument(f"{name}={value!r}: a text is expected")
    return value
