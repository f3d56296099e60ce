"""``sendoff.put`` and its kin: one connection for the whole program, made at first use."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any, Unpack

from sendoff.api.batch import Batch
from sendoff.api.client import default
from sendoff.api.operation import UploadOperation
from sendoff.api.options import Options
from sendoff.api.part import ContentPart
from sendoff.api.source import UploadSource
from sendoff.api.verbs import Pair, Status
from sendoff.model.event import Event


def put(source: UploadSource, destination: str, **options: Unpack[Options]) -> UploadOperation:
    """Queue and start an upload; it is on disk when this returns, and goes on without this program. See ``Client.put``.

    >>> operation = sendoff.put("a.iso", "archive:2026/", metadata={"order": 42})
    >>> operation.wait(timeout=3600).status.name
    'COMPLETED'
    """
    return default().put(source, destination, **options)


def put_many(pairs: Iterable[Pair], **options: Unpack[Options]) -> Batch:
    """Queue and start many uploads as one batch; those that are refused are in ``batch.errors``. See ``Client.put_many``.

    >>> batch = sendoff.put_many([("a.iso", "archive:1"), ("missing.iso", "archive:2"), (b"three", "archive:3", {"label": "third"})])
    >>> [(index, error.code) for index, error in batch.errors]
    [(1, 'source_missing')]
    """
    return default().put_many(pairs, **options)


def post(url: str, parts: Iterable[ContentPart], **options: Unpack[Options]) -> UploadOperation:
    """Queue and start a form, multipart/form-data; it is on disk when this returns, and goes on without this program. See ``Client.post``.

    >>> form = [sendoff.ContentPart("title").set_text("films"), sendoff.ContentPart("image").set_file("a.iso")]
    >>> [part.name for part in sendoff.post("archive:up", form, idempotency_key=True).wait().parts]
    ['title', 'image']
    """
    return default().post(url, parts, **options)


def get(name: str | int) -> UploadOperation:
    """The operation with this id, number, or beginning of an id that no other has. See ``Client.get``.

    >>> operation = sendoff.put("a.iso", "archive:")
    >>> sendoff.get(operation.id) == sendoff.get(operation.number) == operation
    True
    """
    return default().get(name)


def find(
    *, status: Status | Iterable[Status] = (), reason: str | None = None, group: str | None = None, batch: str | int | Batch | None = None,
    metadata: Mapping[str, Any] | None = None, failed: bool = False, all: bool = False, limit: int | None = None,
    after: str | int | UploadOperation | None = None,
) -> Iterator[UploadOperation]:  # fmt: skip
    """Operations in order of creation; those that are unfinished or not acknowledged, unless ``all``. See ``Client.find``.

    >>> for operation in sendoff.find(status="error", metadata={"order": 42}):
    ...     operation.retry()
    """
    return default().find(
        status=status, reason=reason, group=group, batch=batch, metadata=metadata, failed=failed, all=all, limit=limit, after=after
    )  # fmt: skip


def events(
    after: int | None = None, follow: bool = False, *, operation: str | int | UploadOperation | None = None, types: Iterable[str] = ()
) -> Iterator[Event]:
    """The durable history, in the order in which it was recorded. See ``Client.events``.

    >>> for event in sendoff.events(after=None, types=("completed", "failed")):
    ...     cursor = event.seq
    """
    return default().events(after, follow, operation=operation, types=types)


async def aput(source: UploadSource, destination: str, **options: Unpack[Options]) -> UploadOperation:
    """``put`` for ``await``."""
    return await default().aput(source, destination, **options)


async def aput_many(pairs: Iterable[Pair], **options: Unpack[Options]) -> Batch:
    """``put_many`` for ``await``."""
    return await default().aput_many(pairs, **options)


async def apost(url: str, parts: Iterable[ContentPart], **options: Unpack[Options]) -> UploadOperation:
    """``post`` for ``await``."""
    return await default().apost(url, parts, **options)


async def aget(name: str | int) -> UploadOperation:
    """``get`` for ``await``."""
    return await default().aget(name)


def afind(
    *, status: Status | Iterable[Status] = (), reason: str | None = None, group: str | None = None, batch: str | int | Batch | None = None,
    metadata: Mapping[str, Any] | None = None, failed: bool = False, all: bool = False, limit: int | None = None,
    after: str | int | UploadOperation | None = None,
) -> AsyncIterator[UploadOperation]:  # fmt: skip
    """``find`` for ``async for``."""
    return default().afind(
        status=status, reason=reason, group=group, batch=batch, metadata=metadata, failed=failed, all=all, limit=limit, after=after
    )  # fmt: skip


def aevents(
    after: int | None = None, follow: bool = False, *, operation: str | int | UploadOperation | None = None, types: Iterable[str] = ()
) -> AsyncIterator[Event]:
    """``events`` for ``async for``."""
    return default().aevents(after, follow, operation=operation, types=types)
