"""What one ``put_many`` created."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sendoff.api.bridge import flowing, in_thread
from sendoff.api.connection import Connection
from sendoff.api.failure import failure_of
from sendoff.api.operation import UploadHandle, UploadOperation
from sendoff.api.wait import ENDED
from sendoff.errors import HostUnavailable, InvalidState, NeedsAttention, SendoffError, UploadCanceled, UploadFailed
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Query, Question, Selection, View

AT_ONCE = 100
SHOWN = 10
_WHAT: tuple[tuple[type[SendoffError], str], ...] = ((NeedsAttention, "need a person"), (UploadFailed, "failed"), (UploadCanceled, "were canceled"))
Item = TypeVar("Item")


class Batch:
    """The operations of one ``put_many``: ``len()`` of it, iterate over it (``async for``, too), wait for it (``await`` it), give it orders.

    id: of the batch; None where nothing new was stored. number: short, for people. errors: ``(index, error)`` of each pair that was refused.

    >>> batch = sendoff.put_many([("a.iso", "archive:1"), (b"two", "archive:2")]).wait()
    >>> len(batch), batch.progress.percent
    (2, 100.0)
    """

    def __init__(
        self, connection: Connection, *, id: str | None, number: int | None, new: int, others: Sequence[str] = (),
        errors: Sequence[tuple[int, SendoffError]] = (),
    ) -> None:  # fmt: skip
        self.id, self.number, self.errors = id, number, tuple(errors)
        self._connection, self._new, self._others = connection, new, tuple(dict.fromkeys(others))

    def __len__(self) -> int:
        return self._new + len(self._others)

    def __iter__(self) -> Iterator[UploadOperation]:
        return self.operations()

    def __repr__(self) -> str:
        refused = f", {len(self.errors)} refused" if self.errors else ""
        return f"<Batch {self.id or 'of nothing new'}: {len(self)} operations{refused}>"

    def operations(self) -> Iterator[UploadOperation]:
        """Each, in order of creation, looked at now; then those that were there already."""
        for view in self._views():
            yield UploadOperation(self._connection, view["id"], view=view)

    @property
    def progress(self) -> UploadProgress:
        """How far all of it is, looked at now."""
        sent = confirmed = total = 0
        views = list(self._connection.looked(self._others))
        if self.id is not None and self._new:
            told = self._connection.desk.ask(Question(what="batch", details={"name": self.id}))
            sent, confirmed, total = told["sent_bytes"], told["confirmed_bytes"], told["total_bytes"]
        for one in (view["progress"] for view in views):
            sent, confirmed, total = sent + one["bytes_sent"], confirmed + one["bytes_confirmed"], total + one["total_bytes"]
        running = self._connection.everything(Query(batch=self.id, statuses=("running",))) if self.id is not None else ()
        rates = [view["progress"]["rate"] for view in (*running, *views) if view["progress"]["rate"]]
        rate = sum(rates) if rates else None
        return UploadProgress(
            bytes_sent=sent, bytes_confirmed=confirmed, total_bytes=total, rate=rate, eta=(total - sent) / rate if rate and total > sent else None
        )  # fmt: skip

    def wait(self, timeout: float | None = None, *, patient: bool = False) -> Batch:
        """The same batch, once every operation is completed.

        timeout: seconds; then ``TimeoutError``, and the uploads go on. patient: where only a person can help, wait on.
        Errors, once all others have ended: ``NeedsAttention``, ``UploadFailed``, ``UploadCanceled``; ``candidates`` in ``facts`` has a line for each.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        problems: list[SendoffError] = []
        handles = self._attached(problems)
        try:
            for handle in handles:
                _end_of(handle, deadline, patient, problems)
        except TimeoutError:
            left = sum(not handle.done() for handle in handles)
            raise TimeoutError(f"{left} of {len(self)} uploads have not ended within {timeout:g} seconds; they go on") from None
        finally:
            for handle in handles:
                handle.leave()
        if problems:
            raise _summary(problems, len(self))
        return self

    def start(self) -> int:
        """Let all that was created without being started begin, by one order; how many obeyed."""
        return self._order("start")

    def pause(self) -> int:
        """Stop sending; how many obeyed."""
        return self._order("pause")

    def resume(self) -> int:
        """Let all of it go on; how many obeyed."""
        return self._order("resume")

    def cancel(self) -> int:
        """Give all of it up, for good; how many obeyed."""
        return self._order("cancel")

    def retry(self) -> int:
        """Begin a new round of each that failed; how many obeyed."""
        return self._order("retry", failed=True)

    # -- the same for await: the caller's loop never waits ------------------------------------------------------------

    def __await__(self) -> Generator[Any, None, Batch]:
        return in_thread(self.wait).__await__()

    def __aiter__(self) -> AsyncIterator[UploadOperation]:
        return self.aoperations()

    def aoperations(self) -> AsyncIterator[UploadOperation]:
        """``operations`` for ``async for``."""
        return flowing(self.operations)

    async def aprogress(self) -> UploadProgress:
        """``progress`` for ``await``."""
        return await in_thread(lambda: self.progress)

    async def astart(self) -> int:
        """``start`` for ``await``."""
        return await in_thread(self.start)

    async def apause(self) -> int:
        """``pause`` for ``await``."""
        return await in_thread(self.pause)

    async def aresume(self) -> int:
        """``resume`` for ``await``."""
        return await in_thread(self.resume)

    async def acancel(self) -> int:
        """``cancel`` for ``await``."""
        return await in_thread(self.cancel)

    async def aretry(self) -> int:
        """``retry`` for ``await``."""
        return await in_thread(self.retry)

    def _order(self, verb: str, *, failed: bool = False) -> int:
        count = 0
        if self.id is not None:
            count += self._connection.order(verb, Selection(batch=self.id, failed=failed)).count
        for some in _slices(self._others):
            with suppress(InvalidState):  # of many, each that cannot obey is passed by
                count += self._connection.order(verb, Selection(ids=some)).count
        return count

    def _views(self) -> Iterator[View]:
        if self.id is not None:
            yield from self._connection.everything(Query(batch=self.id))
        yield from self._connection.looked(self._others)

    def _attached(self, problems: list[SendoffError]) -> list[UploadHandle]:
        """A handle for each that has not ended; how the others ended."""
        handles: list[UploadHandle] = []
        ended: list[View] = []
        for view in self._views():
            if view["status"] not in ENDED:
                operation = UploadOperation(self._connection, view["id"], view=view)
                handles.append(UploadHandle(operation, self._connection.watch, wants_progress=False))
                continue
            ended.append(view)
            error = failure_of(view)
            problems += [error] if error is not None else []
        for some in _slices(ended):
            self._connection.watch.told(some)
        return handles


def _end_of(handle: UploadHandle, deadline: float | None, patient: bool, problems: list[SendoffError]) -> None:
    left = None if deadline is None else max(0.0, deadline - time.monotonic())
    try:
        handle.result(left, patient=patient)
    except HostUnavailable:
        raise
    except SendoffError as error:
        problems.append(error)


def _summary(problems: Sequence[SendoffError], total: int) -> SendoffError:
    """One error for all: what a person can still help first, then what failed, then what was canceled."""
    kind, what = next(((kind, what) for kind, what in _WHAT if any(isinstance(error, kind) for error in problems)), (type(problems[0]), "failed"))
    found = [error for error in problems if isinstance(error, kind)]
    if total == 1:
        return found[0]
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    names = [error.message for error in found[:SHOWN]]
    return kind(f"{len(found)} of {total} uploads {what}; {found[0].message}", hint=found[0].hint, candidates=[*names, *more])


def _slices(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    for start in range(0, len(items), AT_ONCE):
        yield tuple(items[start : start + AT_ONCE])
