"""How a wait for an operation ends, as an error; and what Windows would call it."""

from __future__ import annotations

from sendoff.errors import NeedsAttention, SendoffError, UploadCanceled, UploadFailed
from sendoff.model.query import View
from sendoff.model.web_error import WebErrorStatus, status_of, web_error_of


def failure_of(view: View, *, patient: bool = False) -> SendoffError | None:
    """The error that this operation's state is to somebody who waits for it; None for one that is completed, or goes on.

    patient: what only a person can help on is no error.
    """
    if view["status"] == "error":
        return _failed(view)
    if view["status"] == "canceled":
        why = f": {view['reason_text']}" if view["reason_text"] else ""
        return UploadCanceled(f"the upload to {view['url']} was canceled{why}", hint="retry() begins a new round", operation=view["id"], reason=view["reason"])
    if view["needs"] is None or patient:
        return None
    text = view["reason_text"] or view["reason"]
    facts = {"web_error": (view["error"] or {}).get("web_error_status"), "http_status": (view["error"] or {}).get("http_status"), **view["needs"]}
    return NeedsAttention(f"the upload to {view['url']} needs a person: {text}", hint=view["needs"].get("command"), operation=view["id"], **facts)


def _failed(view: View) -> UploadFailed:
    error = view["error"] or {}
    facts = {"web_error": error.get("web_error_status"), **{name: error.get(name) for name in ("http_status", "side", "retryable")}}
    text = error.get("message") or view["reason_text"] or view["reason"] or "no reason was recorded"
    return UploadFailed(f"the upload to {view['url']} failed: {text}", hint=error.get("hint"), operation=view["id"], cause=error.get("code"), **facts)


def get_status(exception: BaseException) -> WebErrorStatus:
    """What Windows calls this error: the class of failure, or the HTTP status itself where Windows lists it; ``UNKNOWN`` for all else.

    exception: any. Errors: none.

    >>> sendoff.get_status(sendoff.TargetExists()).name, sendoff.get_status(OSError()).name
    ('PRECONDITION_FAILED', 'UNKNOWN')
    """
    if not isinstance(exception, SendoffError):
        return WebErrorStatus.UNKNOWN
    number = exception.facts.get("web_error") or exception.web_error or (web_error_of(exception.http_status) if exception.http_status else 0)
    return status_of(number)
