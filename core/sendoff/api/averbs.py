"""The same verbs, awaited: nothing here ever makes the caller's loop wait."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Unpack

from sendoff.api.batch import Batch
from sendoff.api.bridge import flowing, in_thread
from sendoff.api.operation import UploadOperation
from sendoff.api.options import Options
from sendoff.api.part import ContentPart
from sendoff.api.source import UploadSource
from sendoff.api.verbs import Pair, Status, Verbs
from sendoff.model.event import Event


class AwaitableVerbs(Verbs):
    """``Verbs``, and each once more with an ``a`` before its name. Who stops awaiting leaves nothing that anybody waits for; what was asked may be done."""

    async def aput(self, source: UploadSource, destination: str, **options: Unpack[Options]) -> UploadOperation:
        """``put`` for ``await``."""
        return await in_thread(self.put, source, destination, **options)

    async def aput_many(self, pairs: Iterable[Pair], **options: Unpack[Options]) -> Batch:
        """``put_many`` for ``await``; the pairs are taken in another thread."""
        return await in_thread(self.put_many, pairs, **options)

    async def apost(self, url: str, parts: Iterable[ContentPart], **options: Unpack[Options]) -> UploadOperation:
        """``post`` for ``await``; streams are read in another thread."""
        return await in_thread(self.post, url, parts, **options)

    async def aget(self, name: str | int) -> UploadOperation:
        """``get`` for ``await``."""
        return await in_thread(self.get, name)

    def afind(
        self, *, status: Status | Iterable[Status] = (), reason: str | None = None, group: str | None = None, batch: str | int | Batch | None = None,
        metadata: Mapping[str, Any] | None = None, failed: bool = False, all: bool = False, limit: int | None = None,
        after: str | int | UploadOperation | None = None,
    ) -> AsyncIterator[UploadOperation]:  # fmt: skip
        """``find`` for ``async for``."""
        asked: dict[str, Any] = {
            "status": status, "reason": reason, "group": group, "batch": batch, "metadata": metadata, "failed": failed, "all": all, "limit": limit,
            "after": after,
        }  # fmt: skip
        return flowing(lambda: self.find(**asked))

    def aevents(
        self, after: int | None = None, follow: bool = False, *, operation: str | int | UploadOperation | None = None, types: Iterable[str] = ()
    ) -> AsyncIterator[Event]:
        """``events`` for ``async for``."""
        return flowing(lambda: self.stream(after, follow, operation=operation, types=types))
