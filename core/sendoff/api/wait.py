"""Somebody's wait for an operation: how far it is, and how it ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Self, TypeVar

from sendoff.api.callbacks import EVERY, Call, Listener
from sendoff.api.facts import Facts
from sendoff.api.failure import failure_of
from sendoff.api.news import News
from sendoff.api.reading import progress_of
from sendoff.api.watch import Watch
from sendoff.errors import SendoffError, UnknownOperation
from sendoff.model.progress import UploadProgress
from sendoff.model.query import View

ENDED = ("completed", "canceled", "error")
Operation = TypeVar("Operation", bound=Facts)


class Wait(Generic[Operation]):
    """A result to wait for, from a thread or with ``await``, and progress to iterate over with ``async for``."""

    def __init__(self, operation: Operation, watch: Watch, progress: Callable[[UploadProgress], object] | None = None, *, wants_progress: bool = True) -> None:
        self.operation, self.id, self.wants_progress = operation, operation.id, wants_progress
        self._watch, self._progress = watch, progress
        self._process = os.getpid()
        self._listener = Listener()
        self._when_done: list[Callable[[Self], object]] = []
        self._rings: list[Call] = []
        self._view: View | None = None
        self._last: UploadProgress | None = None
        self._news = News()
        self._error: SendoffError | None = None  # that nothing more will be heard
        watch.add(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.operation!r}>"

    # -- for whoever waits ------------------------------------------------------------------------------------------

    def result(self, timeout: float | None = None, *, patient: bool = False) -> Operation:
        """The operation, once it is completed.

        timeout: seconds; then ``TimeoutError``, and the upload goes on. patient: where only a person can help, wait on.
        Errors: ``UploadFailed``, ``UploadCanceled``, ``NeedsAttention``; ``HostUnavailable`` where no host can be had any more.
        """
        self._stay()
        with self._watch.changed:
            if not self._watch.changed.wait_for(lambda: self._settled(patient), timeout):
                raise TimeoutError(f"{self.operation!r} has not ended within {timeout:g} seconds; it goes on")
        return self._outcome(patient)

    def done(self) -> bool:
        """Whether the end was seen, whichever it was."""
        return self._error is not None or (self._view is not None and self._view["status"] in ENDED)

    def add_done_callback(self, function: Callable[[Self], object]) -> None:
        """Call a function at the end, at once when that has come. function: gets the handle, in the thread ``sendoff-callbacks``. Errors: none."""
        self._stay()
        with self._watch.changed:
            if not self.done():
                self._when_done.append(function)
                return
        self._watch.callbacks.soon(self._listener, then=[lambda: _tell(function, self)])

    def __await__(self) -> Generator[Any, None, Operation]:
        return self._awaited().__await__()

    async def __aiter__(self) -> AsyncIterator[UploadProgress]:
        """How far it is, at most ten times a second, up to the end; ends as ``result`` does."""
        told: UploadProgress | None = None
        news = News()
        with self._ringing() as changed:
            while True:
                changed.clear()
                over, last = self._settled(False), self._last
                if last is not None and last != told:
                    told = last
                    yield news.of(last)
                if over:
                    break
                await changed.wait()
                await asyncio.sleep(EVERY)
        self._outcome(False)

    async def _awaited(self) -> Operation:
        with self._ringing() as changed:
            while not self._settled(False):
                await changed.wait()
                changed.clear()
        return self._outcome(False)

    @contextmanager
    def _ringing(self) -> Iterator[asyncio.Event]:
        """Set whenever something is new."""
        self._stay()
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def ring() -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(changed.set)

        self._rings.append(ring)
        try:
            yield changed
        finally:
            self._rings.remove(ring)

    # -- for the watch ----------------------------------------------------------------------------------------------

    def looked(self, view: View | None) -> None:
        """How the operation stands; None when there is no such operation."""
        if view is None:
            self.gave_up(UnknownOperation(f"there is no operation {self.id!r} any more"))
            return
        self.operation.seen(view)
        with self._watch.changed:
            self._view, self._last = view, progress_of(view)
        self._changed()

    def progressed(self, progress: UploadProgress) -> None:
        """How far it is."""
        if not self.done():
            self._last = progress
            self._changed()

    def gave_up(self, error: SendoffError) -> None:
        """Nothing more will be heard."""
        with self._watch.changed:
            self._error = self._error or error
        self._changed()

    def leave(self) -> None:
        """Nobody waits with this one any more."""
        self._watch.drop(self)

    def _stay(self) -> None:
        """Be watched; a handle that came through a fork was not, and its functions are the parent's to call."""
        if self._process != os.getpid():
            self._process, self._progress, self._when_done, self._rings = os.getpid(), None, [], []
        if not self.done():
            self._watch.add(self)

    def _changed(self) -> None:
        done: list[Call] = []
        with self._watch.changed:
            self._watch.changed.notify_all()
            if self.done():
                done = [lambda function=function: _tell(function, self) for function in self._when_done]  # type: ignore[misc]
                self._when_done = []
        progress, last = self._progress, self._last
        latest = (lambda: _tell(progress, self._news.of(last))) if progress is not None and last is not None else None
        if latest or done:
            self._watch.callbacks.soon(self._listener, latest=latest, then=done)
        for ring in list(self._rings):
            ring()

    def _settled(self, patient: bool) -> bool:
        return self.done() or (self._view is not None and self._view["needs"] is not None and not patient)

    def _outcome(self, patient: bool) -> Operation:
        if self._error is not None:
            raise self._error
        error = failure_of(self._view, patient=patient) if self._view is not None else None
        if error is not None:
            raise error
        return self.operation


def _tell(function: Callable[[Any], object], what: object) -> None:
    function(what)
