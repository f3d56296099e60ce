"""What an error does not tell: whether the server has it after all, and whether it was the server that spoke."""

from __future__ import annotations

from sendoff.errors import OutcomeUnknown, SendoffError, ServerBusy, Transient, Unreachable
from sendoff.model.operation import Failure, Record
from sendoff.model.web_error import web_error_of

_CERTIFICATE = range(1, 6)  # WebErrorStatus: of another name, expired, with errors, revoked, invalid


def unknown(error: SendoffError) -> OutcomeUnknown:
    """What is known of a request that must not be repeated: no answer came, or one that does not say whether it was carried out."""
    hint = f"the last error was: {error.message}; ask the server whether it has the file"
    if error.http_status is None:
        return OutcomeUnknown(hint=hint)
    told = f"the server answered {error.http_status}, which does not say whether the request was carried out"
    return OutcomeUnknown(told, hint=hint, http_status=error.http_status, web_error=error.facts.get("web_error") or web_error_of(error.http_status))


def doubtful(record: Record, error: SendoffError) -> bool:
    """Whether the request may have been carried out and must not be repeated: it went out whole and the server did not say no."""
    if not record.point or record.spec.repeatable:
        return False
    said_no = isinstance(error, ServerBusy) or (isinstance(error, Unreachable) and error.http_status is not None)  # a proxy or a portal was in between
    return isinstance(error, OutcomeUnknown) or (isinstance(error, Transient) and not said_no)


def may_be_a_portals(failure: Failure) -> bool:
    """Whether it may be the word of a login page in between, which answers for every server and shows its own certificate."""
    return failure.http_status is not None or failure.web_error in _CERTIFICATE
