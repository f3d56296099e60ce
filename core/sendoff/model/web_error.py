"""What went wrong on the web, in Windows' numbers."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from sendoff.errors import InvalidArgument


class WebErrorStatus(IntEnum):
    """Classes of failure; an HTTP status that Windows lists is its own number. ``docs/reference/errors.md`` says what each is here.

    >>> sendoff.WebErrorStatus(403).name
    'FORBIDDEN'
    """

    UNKNOWN = 0
    CERTIFICATE_COMMON_NAME_IS_INCORRECT = 1
    CERTIFICATE_EXPIRED = 2
    CERTIFICATE_CONTAINS_ERRORS = 3
    CERTIFICATE_REVOKED = 4
    CERTIFICATE_IS_INVALID = 5
    SERVER_UNREACHABLE = 6
    TIMEOUT = 7
    ERROR_HTTP_INVALID_SERVER_RESPONSE = 8
    CONNECTION_ABORTED = 9
    CONNECTION_RESET = 10
    DISCONNECTED = 11
    HTTP_TO_HTTPS_ON_REDIRECTION = 12
    HTTPS_TO_HTTP_ON_REDIRECTION = 13
    CANNOT_CONNECT = 14
    HOST_NAME_NOT_RESOLVED = 15
    OPERATION_CANCELED = 16
    REDIRECT_FAILED = 17
    UNEXPECTED_STATUS_CODE = 18
    UNEXPECTED_REDIRECTION = 19
    UNEXPECTED_CLIENT_ERROR = 20
    UNEXPECTED_SERVER_ERROR = 21
    INSUFFICIENT_RANGE_SUPPORT = 22
    MISSING_CONTENT_LENGTH_SUPPORT = 23
    MULTIPLE_CHOICES = 300
    MOVED_PERMANENTLY = 301
    FOUND = 302
    SEE_OTHER = 303
    NOT_MODIFIED = 304
    USE_PROXY = 305
    TEMPORARY_REDIRECT = 307
    BAD_REQUEST = 400
    UNAUTHORIZED = 401
    PAYMENT_REQUIRED = 402
    FORBIDDEN = 403
    NOT_FOUND = 404
    METHOD_NOT_ALLOWED = 405
    NOT_ACCEPTABLE = 406
    PROXY_AUTHENTICATION_REQUIRED = 407
    REQUEST_TIMEOUT = 408
    CONFLICT = 409
    GONE = 410
    LENGTH_REQUIRED = 411
    PRECONDITION_FAILED = 412
    REQUEST_ENTITY_TOO_LARGE = 413
    REQUEST_URI_TOO_LONG = 414
    UNSUPPORTED_MEDIA_TYPE = 415
    REQUESTED_RANGE_NOT_SATISFIABLE = 416
    EXPECTATION_FAILED = 417
    INTERNAL_SERVER_ERROR = 500
    NOT_IMPLEMENTED = 501
    BAD_GATEWAY = 502
    SERVICE_UNAVAILABLE = 503
    GATEWAY_TIMEOUT = 504
    HTTP_VERSION_NOT_SUPPORTED = 505


_LISTED = frozenset(int(one) for one in WebErrorStatus if one >= 300)


_HTTP = range(300, 600)


def numbers_of(listed: Iterable[object]) -> tuple[int, ...]:
    """Errors that somebody lists, as numbers: a ``WebErrorStatus``, its number or its name, or an HTTP status; ``InvalidArgument``."""
    return tuple(sorted({_number_of(one) for one in listed}))


def _number_of(one: object) -> int:
    number = int(one) if isinstance(one, str) and one.isascii() and one.isdigit() and len(one) <= 3 else one
    if isinstance(number, int) and not isinstance(number, bool) and (number in _HTTP or number in WebErrorStatus._value2member_map_):
        return int(number)
    if isinstance(one, str) and one.upper().replace("-", "_") in WebErrorStatus.__members__:
        return int(WebErrorStatus[one.upper().replace("-", "_")])
    raise InvalidArgument(f"{one!r} is no error that can be listed; write an HTTP status like 403, or a name like server-unreachable")


def status_of(number: int | None) -> WebErrorStatus:
    """The member with this number; ``UNKNOWN`` where there is none."""
    return WebErrorStatus(number) if number is not None and number in WebErrorStatus._value2member_map_ else WebErrorStatus.UNKNOWN


def web_error_of(http_status: int) -> int:
    """The number Windows gives this HTTP status: the status itself where listed, else its class. http_status: any number. Errors: none.

    >>> sendoff.web_error_of(404), sendoff.web_error_of(429)
    (404, 20)
    """
    if http_status in _LISTED:
        return http_status
    by_class = {3: WebErrorStatus.UNEXPECTED_REDIRECTION, 4: WebErrorStatus.UNEXPECTED_CLIENT_ERROR, 5: WebErrorStatus.UNEXPECTED_SERVER_ERROR}
    return int(by_class.get(http_status // 100, WebErrorStatus.UNEXPECTED_STATUS_CODE))
