"""One durable upload, as a program holds it."""

from __future__ import annotations

import io
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import BinaryIO

from sendoff.api.bridge import flowing, in_thread
from sendoff.api.connection import Connection
from sendoff.api.facts import Facts
from sendoff.api.failure import failure_of
from sendoff.api.options import fields_of
from sendoff.api.reading import word_of
from sendoff.api.wait import ENDED, Wait
from sendoff.errors import InvalidState, Json
from sendoff.model.event import Event
from sendoff.model.header import checked_header
from sendoff.model.progress import UploadProgress
from sendoff.model.quantity import size_text
from sendoff.model.query import Created, Selection, View
from sendoff.model.status import CostPolicy, TransferPriority
from sendoff.model.web_error import status_of


class UploadOperation(Facts):
    """One durable upload. What it says of itself is as of the last look: ``refresh()`` looks again, and so does whoever gives it an order.

    ``put``, ``get`` and ``find`` make them; two are equal when their ids are. Pickled, it is its id, good in any process of this user.
    Every question and order may end with ``HostUnavailable``, and with ``UnknownOperation`` once it is remembered no more.

    >>> operation = sendoff.put("a.iso", "archive:2026/").wait()
    >>> operation.status.word, operation.receipt.size == operation.progress.total_bytes
    ('completed', True)
    """

    __slots__ = ()

    def __init__(self, connection: Connection, id: str, *, view: View | None = None, created: Created | None = None) -> None:
        if not isinstance(connection, Connection):
            raise TypeError("an UploadOperation is not constructed: put, get, find and the create_ methods of an uploader give it")
        super().__init__(connection, id, view=view, created=created)

    def __reduce__(self) -> tuple[type[UploadOperation], tuple[Connection, str]]:
        return UploadOperation, (self._connection, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UploadOperation) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        view = self._view
        if view is None:
            return f"<UploadOperation {self.id}{f' to {self._created.url}' if self._created else ''}>"
        total = view["progress"]["total_bytes"]
        done = view["progress"]["bytes_confirmed"] if view["status"] in ENDED else max(view["progress"]["bytes_confirmed"], view["progress"]["bytes_sent"])
        how = f"{view['status']} ({view['reason']})" if view["reason"] else view["status"]
        return f"<UploadOperation {self.id} {how}, {100 * done // total if total else 100}% of {size_text(total)} to {view['url']}>"

    def refresh(self) -> UploadOperation:
        """Look at it now; ``UnknownOperation`` when it is remembered no more."""
        self._look()
        return self

    # -- what can be set, from the next request on ------------------------------------------------------------------

    @property
    def priority(self) -> TransferPriority:
        """Who goes first; set, it holds from the next free slot on."""
        return word_of(TransferPriority, self._known["priority"])

    @priority.setter
    def priority(self, value: TransferPriority) -> None:
        self._order("set", **fields_of({"priority": value}, "set"))

    @property
    def cost_policy(self) -> CostPolicy:
        """On which networks it may run; set, it holds at once: what runs and may not stops, what may again goes on, and no try is spent."""
        return word_of(CostPolicy, self._known["cost_policy"])

    @cost_policy.setter
    def cost_policy(self, value: CostPolicy) -> None:
        self._order("set", **fields_of({"cost": value}, "set"))

    @property
    def recoverable_errors(self) -> tuple[int, ...]:
        """At which errors it waits for you instead of failing; ``WebErrorStatus`` members where Windows has them, else HTTP statuses.

        Such an upload is ``paused_recoverable``, and ``current_web_error`` says why: set what it lacks and ``resume()`` it, or ``cancel()`` it.
        """
        return tuple(named if (named := status_of(number)) == number else number for number in self._known["recoverable_errors"])

    @recoverable_errors.setter
    def recoverable_errors(self, value: Iterable[int]) -> None:
        self._order("set", recoverable_errors=list(fields_of({"recoverable_errors": value}, "set").get("recoverable_errors", ())))

    def set_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """Send this header, in the place of one of the same name, from the next request on.

        name, value: as they are written. secret: keep it sealed; None = where its name says so.
        Errors: ``InvalidArgument``; ``InvalidState`` when it has ended.
        """
        checked_header(name, value)
        self._order("set", **{"secret_headers" if secret else "headers": [(name, value)], "environment": dict(os.environ)})

    def remove_request_header(self, name: str) -> None:
        """Send it no more; one that was not set is no error. name: in any case. Errors: ``InvalidState`` when it has ended."""
        self._order("set", headers=[(name, None)])

    # -- waiting ----------------------------------------------------------------------------------------------------

    def start(self, progress: Callable[[UploadProgress], object] | None = None) -> UploadHandle:
        """Let an operation that was created with ``start=False`` begin, and attach to it.

        progress: called with an ``UploadProgress``, as by ``attach``. Errors: ``InvalidState`` when it was started already.
        """
        self._order("start")
        return self.attach(progress)

    def attach(self, progress: Callable[[UploadProgress], object] | None = None) -> UploadHandle:
        """A handle of it, from any process, also of one that has ended.

        progress: called with an ``UploadProgress`` from the thread ``sendoff-callbacks``, at most ten times a second. With ``connect(parity="winrt")`` the
        host is asked first, and what an ended program had left begins anew. Errors: ``InvalidState`` where the client is closed.
        """
        self._recall()
        return UploadHandle(self, self._connection.watch, progress)

    def wait(self, timeout: float | None = None, *, patient: bool = False) -> UploadOperation:
        """The same operation, once it is completed.

        timeout: seconds; then ``TimeoutError``, and the upload goes on. patient: where only a person can help, wait on.
        Errors: ``UploadFailed``, ``UploadCanceled``, ``NeedsAttention``.
        """
        self._recall()
        view, watch = self.refresh()._known, self._connection.watch
        if view["status"] in ENDED or (view["needs"] and not patient):
            watch.told([view])
            error = failure_of(view)
            if error is not None:
                raise error
            return self
        handle = UploadHandle(self, watch, wants_progress=False)
        try:
            return handle.result(timeout, patient=patient)
        finally:
            handle.leave()

    def _recall(self) -> None:
        self._connection.recalled(lambda: list(self._connection.looked([self.id])))

    # -- orders -----------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Stop sending; what the server has confirmed is kept. ``InvalidState`` when it has ended, or cannot be stopped halfway."""
        self._order("pause")

    def resume(self) -> None:
        """Let it go on, whether somebody paused it or it waited for a person."""
        self._order("resume")

    def cancel(self) -> bool:
        """Give it up for good; False when it had ended already."""
        try:
            self._order("cancel")
        except InvalidState:
            if self.refresh().status.terminal:
                return False
            raise
        return True

    def retry(self) -> None:
        """Begin a new round of one that failed or was canceled, from the last confirmed byte; ``InvalidState`` says what is missing."""
        self._order("retry")

    def acknowledge(self) -> None:
        """Its end was seen: it leaves the list, and what a retry would need is erased."""
        self._order("acknowledge")

    def make_current_in_group(self) -> None:
        """It and those of its group that come after it go next, those before it after them; what runs goes on. Without a group nothing changes.

        Only within its priority: what is of a higher one still goes before. Errors: ``InvalidState`` when it has ended.
        """
        self._order("move", where="current")

    def _order(self, verb: str, **details: Json) -> None:
        self._connection.order(verb, Selection(ids=(self.id,)), **details)
        self._view = None

    # -- what there is to read --------------------------------------------------------------------------------------

    def open_response(self, offset: int = 0) -> BinaryIO:
        """The kept body of the server's answer as a binary stream; empty when there is none. offset: bytes from its beginning. Errors: ``UnknownOperation``."""
        from sendoff.api.answer import Answer

        return io.BufferedReader(Answer(self._connection.desk.answer(self.id, offset)))

    def events(self) -> Iterator[Event]:
        """Its durable history so far."""
        from sendoff.api.history import history

        return history(self._connection, ids=(self.id,))

    # -- the same for await: the caller's loop never waits ------------------------------------------------------------

    async def arefresh(self) -> UploadOperation:
        """``refresh`` for ``await``."""
        return await in_thread(self.refresh)

    async def astart(self, progress: Callable[[UploadProgress], object] | None = None) -> UploadHandle:
        """``start`` for ``await``; await what it gives for the end."""
        return await in_thread(self.start, progress)

    async def apause(self) -> None:
        """``pause`` for ``await``."""
        await in_thread(self.pause)

    async def aresume(self) -> None:
        """``resume`` for ``await``."""
        await in_thread(self.resume)

    async def acancel(self) -> bool:
        """``cancel`` for ``await``."""
        return await in_thread(self.cancel)

    async def aretry(self) -> None:
        """``retry`` for ``await``."""
        await in_thread(self.retry)

    async def aacknowledge(self) -> None:
        """``acknowledge`` for ``await``."""
        await in_thread(self.acknowledge)

    async def aset_request_header(self, name: str, value: str, *, secret: bool | None = None) -> None:
        """``set_request_header`` for ``await``."""
        await in_thread(self.set_request_header, name, value, secret=secret)

    async def aremove_request_header(self, name: str) -> None:
        """``remove_request_header`` for ``await``."""
        await in_thread(self.remove_request_header, name)

    async def aset_priority(self, value: TransferPriority) -> None:
        """``priority``, set, for ``await``. value: as it would be assigned. Errors: ``InvalidArgument``, ``InvalidState``, ``HostUnavailable``."""
        await in_thread(setattr, self, "priority", value)

    async def aset_cost_policy(self, value: CostPolicy) -> None:
        """``cost_policy``, set, for ``await``. value: as it would be assigned. Errors: ``InvalidArgument``, ``InvalidState``, ``HostUnavailable``."""
        await in_thread(setattr, self, "cost_policy", value)

    async def aset_recoverable_errors(self, value: Iterable[int]) -> None:
        """``recoverable_errors``, set, for ``await``. value: as it would be assigned. Errors: ``InvalidArgument``, ``InvalidState``, ``HostUnavailable``."""
        await in_thread(setattr, self, "recoverable_errors", value)

    async def amake_current_in_group(self) -> None:
        """``make_current_in_group`` for ``await``."""
        await in_thread(self.make_current_in_group)

    async def aopen_response(self, offset: int = 0) -> BinaryIO:
        """``open_response`` for ``await``: all of it is here when this returns, so reading it waits for nobody."""
        return io.BytesIO(await in_thread(lambda: self.open_response(offset).read()))

    def aevents(self) -> AsyncIterator[Event]:
        """``events`` for ``async for``."""
        return flowing(self.events)


class UploadHandle(Wait[UploadOperation]):
    """Attached to one operation: a result to wait for, from a thread or with ``await``, and progress to iterate over with ``async for``.

    It outlives the host: when that dies, the next one is started and asked. Dropping it stops nothing.

    >>> handle = sendoff.put("a.iso", "archive:").attach()
    >>> handle.result(timeout=60).status.word
    'completed'
    """

    def cancel(self) -> bool:
        """Give the upload up, for good; False when it had ended already."""
        return self.operation.cancel()

    async def acancel(self) -> bool:
        """``cancel`` for ``await``."""
        return await self.operation.acancel()
