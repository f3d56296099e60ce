"""What an operation says of itself, as typed values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from sendoff.api.connection import Connection
from sendoff.api.group import TransferGroup
from sendoff.api.part import FormPart, parts_of
from sendoff.api.reading import failure_value, progress_of, reason_of, receipt_of, time_of, word_of
from sendoff.api.response import ResponseInformation, information_of
from sendoff.errors import UnknownOperation
from sendoff.model.delivery import Receipt
from sendoff.model.operation import Failure
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Created, View
from sendoff.model.status import TransferStatus
from sendoff.model.web_error import WebErrorStatus, status_of


class Facts:
    """As of the last look; the first question looks.

    id: of the operation. view: how somebody has just found it. created: what its creation answered.
    """

    __slots__ = ("_answer", "_connection", "_created", "_view", "id")

    def __init__(self, connection: Connection, id: str, *, view: View | None = None, created: Created | None = None) -> None:
        self._connection, self.id, self._view, self._created = connection, id, view, created
        self._answer: tuple[object, ResponseInformation] | None = None

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
    def request_headers(self) -> tuple[tuple[str, str], ...]:
        """The headers it was asked to send, name and value each; secret values as ``***``."""
        return tuple((name, value) for name, value in self._known["headers"])

    @property
    def source_file(self) -> Path | None:
        """The file, also where a copy of it is sent; None for bytes and streams, and for a form."""
        source = self._known["source"]
        found = source["path"] if source["kind"] == "file" else source.get("origin")
        return Path(found) if found else None

    @property
    def parts(self) -> tuple[FormPart, ...]:
        """What the form is made of; none where it is no form."""
        return parts_of(self._known["source"])

    @property
    def group(self) -> str | None:
        """The name of the group it is in."""
        return cast("str | None", self._known["group"])

    @property
    def transfer_group(self) -> TransferGroup | None:
        """The group it is in."""
        return None if self.group is None else TransferGroup(self.group, self._connection)

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
    def response(self) -> ResponseInformation | None:
        """The server's last answer, the same object until there is a newer one; None where it has not answered, or has nothing to answer with.

        Its body is read with ``open_response``.
        """
        view = self._known
        if view["response"] is None:
            return None
        which = (view["round"], view["response"])
        if self._answer is None or self._answer[0] != which:
            self._answer = which, information_of(view["response"], resumable=view["resumable"] is True)
        return self._answer[1]

    @property
    def error(self) -> Failure | None:
        """Why it failed, or why it waits."""
        return failure_value(self._known["error"])

    @property
    def current_web_error(self) -> WebErrorStatus | None:
        """What Windows calls the error that it failed with, or waits at; None where there is none."""
        return None if self.error is None else status_of(self.error.web_error)

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

    # -- looking ----------------------------------------------------------------------------------------------------

    def seen(self, view: View) -> None:
        """How somebody has just found it."""
        self._view = view

    def _look(self) -> View:
        found = next(self._connection.looked([self.id]), None)
        if found is None:
            raise UnknownOperation(f"there is no operation {self.id!r} any more")
        self._view = found
        return found

    @property
    def _known(self) -> View:
        return self._look() if self._view is None else self._view
