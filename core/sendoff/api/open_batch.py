"""A batch that a program adds operations to, call by call, until it is closed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType

from sendoff.api.batch import Batch
from sendoff.api.bridge import in_thread
from sendoff.api.connection import Connection
from sendoff.desk.hold import Hold
from sendoff.desk.place import Place
from sendoff.errors import InvalidState, Json, SendoffError
from sendoff.model.completion import Handler
from sendoff.model.document import encode
from sendoff.model.query import Created, Question


class OpenBatch(Batch):
    """A batch in the making. what: it is called in messages.

    It is held from the first operation on: should this process die, the host closes it at what came.
    """

    def __init__(self, connection: Connection, what: str = "batch") -> None:
        self._hold, self._what, self._over, self._process = Hold(connection.place), what, False, os.getpid()
        super().__init__(connection, id=self._hold.id, number=None, new=0)

    @property
    def place(self) -> Place:
        """Whose work it belongs to."""
        return self._connection.place

    @property
    def batch_id(self) -> str:
        """Its id, whether there is anything in it or not."""
        return self._hold.id

    @property
    def inherited(self) -> bool:
        """Whether this is a forked child of the process that made it, which alone closes it."""
        return self._process != os.getpid()

    def join(self) -> str:
        """Its id, for something that is created in it; ``InvalidState`` once it is closed."""
        self._check_open()
        self._hold.take()
        return self._hold.id

    def took(self, created: Created) -> None:
        """An operation was created in it, unless it was there already."""
        if not created.existing:
            self._new, self.number = self._new + 1, created.batch_number

    def announce(self, told: Mapping[str, Json]) -> None:
        """What people are told once all of it has ended; on disk when this returns. ``InvalidState`` once it is closed."""
        self._connection.desk.ask(Question(what="notify", details={**told, "batch": self.join()}))

    def seal(self, handler: Handler | None = None) -> None:
        """Nothing is added any more; it has ended once all of it has, and the handler is called then. ``InvalidState`` the second time."""
        self._check_open()
        if handler is not None:
            self._hold.take()
        if self._hold.taken:
            details = {"batch": self._hold.id, "handler": None if handler is None else encode(handler)}
            told = self._connection.desk.ask(Question(what="seal", details=details))
            self._new, self.number = told["total"], told["number"]
        self.leave()

    def end(self, error: BaseException | None) -> None:
        """What the end of a ``with`` does: seal it, or leave that to the host where it cannot be. error: why the block ended, which is the news then."""
        if self.inherited:
            self.leave()
            return
        try:
            self.seal()
        except BaseException as trouble:
            self.leave()
            if error is None or not isinstance(trouble, SendoffError):
                raise

    def leave(self) -> None:
        """Nothing is added any more; who has not sealed it leaves that to the host."""
        self._over = True
        self._hold.release()

    def _check_open(self) -> None:
        if self._over:
            raise InvalidState(f"this {self._what} is closed: nothing can be added to it any more", hint="make a new one")


class BatchScope:
    """``with`` or ``async with``: what becomes one batch begins and ends with it. begin: opens it. end: closes it, and is told what broke the block off."""

    def __init__(self, begin: Callable[[], OpenBatch], end: Callable[[BaseException | None], None]) -> None:
        self._begin, self._end = begin, end

    def __enter__(self) -> Batch:
        return self._begin()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end(error)

    async def __aenter__(self) -> Batch:
        return self._begin()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await in_thread(self._end, error)
