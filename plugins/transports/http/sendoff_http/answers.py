"""What each answer means for an upload: one table, by status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from sendoff import (
    Answer,
    CredentialNeeded,
    Moment,
    NoSpace,
    Permanent,
    Rejected,
    SendoffError,
    ServerBusy,
    TargetExists,
    TooLarge,
    Transient,
    Unreachable,
    WebErrorStatus,
    moment,
    retry_after,
    web_error_of,
)

from sendoff_http.address import origin

DONE = frozenset({200, 201, 202, 203, 204, 205})
_MAY_WAIT = frozenset({408, 413, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a status stands for: the error, in words, what to do, and further facts."""

    kind: type[SendoffError]
    text: str
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_METHOD = "choose another method with --method, or another address"
_CONFIGURATION = {"side": "configuration"}
_CREDENTIAL = {"side": "credential"}
_MOVED = Meaning(Rejected, "redirected", "put the address it names into the command or the configuration", _CONFIGURATION)
_LOGIN = "check the credential of this destination"

TABLE: Mapping[int, Meaning] = {
    207: Meaning(Rejected, "answered for several things at once, which does not say that the file is there"),
    301: _MOVED,
    302: _MOVED,
    303: _MOVED,
    307: _MOVED,
    308: _MOVED,
    400: Meaning(Rejected, "found the request malformed"),
    401: Meaning(CredentialNeeded, "wants a credential", _LOGIN, _CREDENTIAL),
    402: Meaning(Rejected, "wants to be paid first"),
    403: Meaning(Rejected, "does not allow it", _LOGIN, _CREDENTIAL),
    404: Meaning(Rejected, "knows no such address"),
    405: Meaning(Rejected, "does not know this method here", _METHOD, _CONFIGURATION),
    407: Meaning(Unreachable, "cannot be reached: the proxy wants a login", "check the proxy's credential", {"side": "network"}),
    408: Meaning(ServerBusy, "gave up waiting for the request"),
    409: Meaning(Rejected, "has something there that is in the way; a missing parent folder is answered like this, too"),
    410: Meaning(Rejected, "says that this address is gone for good"),
    411: Meaning(Rejected, "wants the length, which was sent; something between here and there took it away"),
    412: Meaning(TargetExists, "has something there already"),
    413: Meaning(TooLarge, "does not take a file of this size"),
    414: Meaning(Rejected, "finds the address too long", None, _CONFIGURATION),
    415: Meaning(Rejected, "does not take this kind of content", "set the header Content-Type"),
    416: Meaning(Rejected, "does not take this range"),
    417: Meaning(Rejected, "does not meet the header Expect"),
    421: Meaning(ServerBusy, "says that this connection leads to the wrong place"),
    422: Meaning(Rejected, "cannot use the content"),
    423: Meaning(ServerBusy, "has it locked", None, {"locked": True}),
    425: Meaning(ServerBusy, "asks to come again"),
    429: Meaning(ServerBusy, "asks to slow down"),
    431: Meaning(Rejected, "finds the headers too large", None, _CONFIGURATION),
    451: Meaning(Rejected, "does not take it for legal reasons"),
    460: Meaning(Transient, "received other bytes than were sent"),
    501: Meaning(Rejected, "does not know this method", _METHOD, _CONFIGURATION),
    503: Meaning(ServerBusy, "is busy"),
    505: Meaning(Rejected, "does not speak HTTP/1.1"),
    507: Meaning(NoSpace, "has no space left", "make room at the destination"),
    508: Meaning(Rejected, "runs in a circle"),
    511: Meaning(Unreachable, "cannot be reached: this network wants a login first", "log in to the network", {"side": "network"}),
}
_BY_CLASS: Mapping[int, Meaning] = {
    1: Meaning(Transient, "gave an answer that is none"),
    2: Meaning(Rejected, "gave an answer that does not say whether the file is there"),
    3: Meaning(Rejected, "points elsewhere", None, _CONFIGURATION),
    4: Meaning(Rejected, "refused the upload"),
    5: Meaning(Transient, "failed"),
}


def meaning_of(status: int) -> Meaning:
    """What a status stands for; one that is not in the table by its class (RFC 9110 section 15)."""
    return TABLE.get(status) or _BY_CLASS.get(status // 100) or Meaning(Permanent, "gave an answer that is none")


def error_of(status: int, headers: Sequence[tuple[str, str]], where: str, now: Moment) -> SendoffError:
    """The error for a final answer that is no success.

    where: the public form of the address. now: for a ``Retry-After`` that is a date.
    """
    meaning = meaning_of(status)
    wait = retry_after(header(headers, "retry-after"), now) if status in _MAY_WAIT else None
    kind = ServerBusy if status == 413 and wait is not None else meaning.kind  # RFC 9110 section 15.5.14: then it is temporary
    facts = {"side": "server", **meaning.facts}
    return kind(f"{where} {meaning.text} (status {status})", hint=meaning.hint, http_status=status, web_error=web_error_of(status), retry_after=wait, **facts)


def pointed_to(answer: Answer) -> str | None:
    """Where ``Location`` points, without a fragment; None where it points nowhere."""
    place = answer.header("location")
    try:
        target = urljoin(answer.url, place) if place else None
        return target.partition("#")[0] if target and origin(target)[1] else None
    except ValueError:
        return None


def is_page(answer: Answer) -> bool:
    """Whether it is a page for people: a portal's login, an error page with a friendly status."""
    return (answer.header("content-type") or "").strip().lower().startswith("text/html")


def stranger(where: str, answer: Answer) -> Transient:
    """The error for a success that does not speak the protocol it was asked in: no reason to give anything up."""
    text = f"{where} answered {answer.status} without a word of the protocol; something in between may have answered"
    return Transient(text, http_status=answer.status, web_error=int(WebErrorStatus.ERROR_HTTP_INVALID_SERVER_RESPONSE))


def header(headers: Sequence[tuple[str, str]], name: str) -> str | None:
    """A header's value, joined by ``", "`` where it comes several times; None = it is not there."""
    found = [value for key, value in headers if key.lower() == name]
    return ", ".join(found) if found else None


def moment_of_date(value: str | None) -> Moment | None:
    """An HTTP date (RFC 9110 section 5.6.7); None where it is none."""
    try:
        return moment(parsedate_to_datetime(value).timestamp()) if value else None
    except (ValueError, OverflowError):
        return None
