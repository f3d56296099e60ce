"""From the JSON of an operation to typed values."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from sendoff.errors import Json
from sendoff.model.delivery import Receipt
from sendoff.model.moment import moment_of
from sendoff.model.operation import Failure
from sendoff.model.progress import UploadProgress
from sendoff.model.query import View
from sendoff.model.status import CostPolicy, Reason, TransferPriority, TransferStatus

Word = TypeVar("Word", TransferStatus, TransferPriority, CostPolicy)


def progress_of(view: View) -> UploadProgress:
    """How far it is."""
    status = word_of(TransferStatus, view["status"])
    return UploadProgress(
        operation=view["id"], status=status, reason=reason_of(view["reason"]), protocol=view["protocol"], resumable=view["resumable"], **view["progress"]
    )  # fmt: skip


def word_of(kind: type[Word], text: str) -> Word:
    """The member that JSON writes so."""
    return kind[text.upper().replace("-", "_")]


def reason_of(text: str | None) -> str | None:
    """A ``Reason`` where it is one; a driver may have its own."""
    return Reason(text) if text is not None and text in Reason._value2member_map_ else text


def failure_value(found: Json) -> Failure | None:
    """Why it failed, or why it waits."""
    if found is None:
        return None
    given = {name: found[name] for name in ("code", "message", "side", "http_status", "retryable", "hint")}
    return Failure(web_error=found["web_error_status"], **given)


def receipt_of(found: Json) -> Receipt | None:
    """The proof of what landed."""
    return None if found is None else Receipt(**{**found, "finished_at": moment_of(found["finished_at"])})


def time_of(text: str | None) -> datetime | None:
    """A time, in UTC."""
    return None if text is None else datetime.fromisoformat(text.replace("Z", "+00:00"))
