"""``CompletionGroup``: one function is called once all operations of a set have ended, whoever is there then."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sendoff.api.bridge import in_thread
from sendoff.api.client import Client, default
from sendoff.api.open_batch import OpenBatch
from sendoff.desk.calling import check_handler
from sendoff.errors import InvalidArgument, InvalidState
from sendoff.model.completion import FUNCTION, Handler

if TYPE_CHECKING:
    from sendoff.api.connection import Connection
    from sendoff.api.operation import UploadOperation


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletionDetails:
    """What a completion handler gets.

    uploads: every operation of the group, each of which has ended; how, is for you to look at. key: the same each time the handler is called for
    this group, so that who has seen it drops the repeat.

    >>> def all_done(details: sendoff.CompletionDetails) -> None:
    ...     print(sum(upload.error is not None for upload in details.uploads), "failed")
    """

    uploads: list[UploadOperation]
    key: str


class CompletionGroup:
    """A set of operations; once it is enabled and all of them have ended, well or not, a function of yours is called, without this program.

    Operations join by the uploader that creates them, ``BackgroundUploader(completion_group=group)``; several uploaders may have the same group. ``with``,
    or ``async with``, enables it at its end, in the process that made it. One that is never enabled never calls anybody.

    Parameters
    ----------
    client: whose operations they are; that of its uploader, or the one of ``sendoff.put``, by default.

    Example: ``group.on_complete("reports.uploads:all_done")``, where ``def all_done(details: CompletionDetails)`` may be ``async``.
    """

    def __init__(self, client: Client | None = None) -> None:
        self._batch = OpenBatch(client._connection, "completion group") if client is not None else None
        self._handler: Handler | None = None
        self._enabled = False

    @property
    def is_enabled(self) -> bool:
        """Whether it is complete: ``enable`` was called."""
        return self._enabled

    @property
    def id(self) -> str:
        """Of the batch that its operations are, for ``find(batch=)`` and the command line."""
        return self._bound().batch_id

    def on_complete(self, function: str) -> None:
        """Say whom to call. function: ``"package.module:function"``, which gets a ``CompletionDetails``.

        The function runs in a process of its own with this interpreter, this working folder and this ``sys.path``, as long as ``[handlers] timeout``
        allows. When it raises it is called again, ``[handlers] attempts`` times at most; after a crash too. It is called at least once, and never again
        once its end was recorded. It may use sendoff as any program; of this process's environment it has nothing.

        Errors: ``InvalidArgument`` where it cannot be imported or has a ``yield`` in it, ``InvalidState`` where the group has a handler or is enabled.
        """
        if self._enabled or self._handler is not None:
            raise InvalidState("this completion group is enabled" if self._enabled else f"this completion group calls {self._handler.function} already")  # type: ignore[union-attr]
        if not isinstance(function, str) or not FUNCTION.fullmatch(function) or function.startswith("__main__:"):
            raise InvalidArgument(
                f"the handler {function!r}: it is written 'module:function', for it is called without this program", hint="a module, but not __main__"
            )
        handler = Handler(function=function, interpreter=sys.executable, folder=os.getcwd(), path=tuple(dict.fromkeys(map(os.path.abspath, sys.path))))
        check_handler(handler)
        self._handler = handler

    def enable(self) -> None:
        """It is complete: nothing can join any more, and once all has ended, which may be now, its handler is called.

        It is on disk when this returns. A group without operations has ended at once. Errors: ``InvalidState`` the second time.
        """
        if self._enabled:
            raise InvalidState("this completion group was enabled already", hint="operations that come later need a group of their own")
        self._bound().seal(self._handler)
        self._enabled = True

    async def aon_complete(self, function: str) -> None:
        """``on_complete`` for ``await``: it is imported by a process of its own, which takes a moment."""
        await in_thread(self.on_complete, function)

    async def aenable(self) -> None:
        """``enable`` for ``await``."""
        await in_thread(self.enable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None or self._bound().inherited:
            self._bound().leave()
        elif not self._enabled:
            self.enable()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await in_thread(self.__exit__, kind, error, trace)

    def _bound(self, connection: Connection | None = None) -> OpenBatch:
        """The batch that it is; ``InvalidArgument`` where that is one of another's work."""
        if self._batch is None:
            self._batch = OpenBatch(connection or default()._connection, "completion group")
        elif connection is not None and connection.place != self._batch.place:
            raise InvalidArgument(f"the completion group belongs to the work of {self._batch.place.state}, not to that of {connection.place.state}")
        return self._batch
