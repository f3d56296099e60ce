"""One durable upload, as a program holds it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from sendoff.api.failure import failure_of
from sendoff.api.handle import ENDED, UploadHandle
from sendoff.api.reading import failure_value, progress_of, reason_of, receipt_of, response_of, time_of, word_of
from sendoff.errors import InvalidState, Json, UnknownOperation
from sendoff.model.delivery import Receipt
from sendoff.model.event import Event
from sendoff.model.operation import Failure
from sendoff.model.progress import UploadProgress
from sendoff.model.quantity import size_text
from sendoff.model.query import Created, Selection, View
from sendoff.model.response import Response
from sendoff.model.status import CostPolicy, TransferPriority, TransferStatus

if TYPE_CHECKING:
    from sendoff.api.connection import Connection


class UploadOperation:
    """One durable upload. What it says of itself is as of the last look: ``refresh()`` looks again, and so does whoever gives it an order.

    ``put``, ``get`` and ``find`` make them; two are equal when their ids are. Pickled, it is its id, good in any process of this user.
    """

    __slots__ = ("_connection", "_created", "_view", "id")

    def __init__(self, connection: Connection, id: str, *, view: View | None = None, created: Created | None = None) -> None:
        self._connection, self.id, self._view, self._created = connection, id, view, created

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

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """Short, for people."""
        return self._created.number if self._created else int(self._known["number"])

    @property
    def batch(self) -> str:
        """The id of what it was created with."""
        return self._created.batch if self._created else str(self._known["batch"])

    @property
    def requested_url(self) -> str:
        """Where it was asked to go; without user-info and signed query."""
        return self._created.url if self._created else str(self._known["url"])

    @property
    def label(self) -> str | None:
        """A name for people."""
        return cast("str | None", self._known["label"])

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Your own data."""
        return dict(self._known["metadata"])

    @property
    def method(self) -> str | None:
        """HTTP method; None where the transport has none."""
        return cast("str | None", self._known["method"])

    @property
    def source_file(self) -> Path | None:
        """The file; None for bytes and streams, of which a copy is sent."""
        source = self._known["source"]
        return Path(source["path"]) if source["kind"] == "file" else None

    @property
    def group(self) -> str | None:
        """The group it is in."""
        return cast("str | None", self._known["group"])

    @property
    def priority(self) -> TransferPriority:
        """Who goes first."""
        return word_of(TransferPriority, self._known["priority"])

    @property
    def cost_policy(self) -> CostPolicy:
        """On which networks it may run."""
        return word_of(CostPolicy, self._known["cost_policy"])

    # -- how it is --------------------------------------------------------------------------------------------------

    @property
    def status(self) -> TransferStatus:
        """Where it stands."""
        return word_of(TransferStatus, self._known["status"])

    @property
    def reason(self) -> str | None:
        """Why it stands there: a ``Reason``, or a driver's own word."""
        return reason_of(self._known["reason"])

    @property
    def needs(self) -> Mapping[str, str] | None:
        """What only a person can give: ``{"what", "command"}``."""
        return cast("Mapping[str, str] | None", self._known["needs"])

    @property
    def progress(self) -> UploadProgress:
        """How far it is."""
        return progress_of(self._known)

    @property
    def response(self) -> Response | None:
        """The server's last answer; its body is read with ``open_response``."""
        return response_of(self._known["response"])

    @property
    def error(self) -> Failure | None:
        """Why it failed, or why it waits."""
        return failure_value(self._known["error"])

    @property
    def receipt(self) -> Receipt | None:
        """The proof of what landed, once it is completed."""
        return receipt_of(self._known["receipt"])

    @property
    def created_at(self) -> datetime:
        """When it was created, UTC."""
        return cast(datetime, time_of(self._known["created_at"]))

    @property
    def started_at(self) -> datetime | None:
        """When its first try began, UTC."""
        return time_of(self._known["started_at"])

    @property
    def finished_at(self) -> datetime | None:
        """When it ended, UTC."""
        return time_of(self._known["finished_at"])

    def refresh(self) -> UploadOperation:
        """Look at it now; ``UnknownOperation`` when it is remembered no more."""
        found = next(self._connection.looked([self.id]), None)
        if found is None:
            raise UnknownOperation(f"there is no operation {self.id!r} any more")
        self._view = found
        return self

    # -- waiting ----------------------------------------------------------------------------------------------------

    def start(self, progress: Callable[[UploadProgress], object] | None = None) -> UploadHandle:
        """Let an operation that was created with ``start=False`` begin, and attach to it; ``InvalidState`` when it was started already."""
        self._order("start")
        return self.attach(progress)

    def attach(self, progress: Callable[[UploadProgress], object] | None = None) -> UploadHandle:
        """A handle of it, from any process, also of one that has ended. progress: called from the thread ``sendoff-callbacks``."""
        return UploadHandle(self, self._connection.watch, progress)

    def wait(self, timeout: float | None = None, *, patient: bool = False) -> UploadOperation:
        """The same operation, once it is completed.

        timeout: seconds; then ``TimeoutError``, and the upload goes on. patient: where only a person can help, wait on.
        Errors: ``UploadFailed``, ``UploadCanceled``, ``NeedsAttention``.
        """
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

    def _order(self, verb: str, **details: Json) -> None:
        self._connection.order(verb, Selection(ids=(self.id,)), **details)
        self._view = None

    # -- what there is to read --------------------------------------------------------------------------------------

    def open_response(self, offset: int = 0) -> BinaryIO:
        """The kept body of the server's answer as a binary stream, from ``offset``; empty when there is none."""
        from sendoff.api.answer import Answer

        return io.BufferedReader(Answer(self._connection.desk.answer(self.id, offset)))

    def events(self) -> Iterator[Event]:
        """Its durable history so far."""
        from sendoff.api.history import history

        return history(self._connection, ids=(self.id,))

    # -- for the other parts of the face -----------------------------------------------------------------------------

    def seen(self, view: View) -> None:
        """How somebody has just found it."""
        self._view = view

    @property
    def _known(self) -> View:
        if self._view is None:
            self.refresh()
        assert self._view is not None
        return self._view
