"""What went wrong on the web, in Windows' numbers."""

from __future__ import annotations

from enum import IntEnum


class WebErrorStatus(IntEnum):
    """Classes of failure; an HTTP status that Windows lists is its own number."""

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


_LISTED = frozenset([300, 301, 302, 303, 304, 305, 307, *range(400, 418), *range(500, 506)])


def web_error_of(http_status: int) -> int:
    """The number Windows gives this HTTP status: the status itself where listed, else its class."""
    if http_status in _LISTED:
        return http_status
    by_class = {3: WebErrorStatus.UNEXPECTED_REDIRECTION, 4: WebErrorStatus.UNEXPECTED_CLIENT_ERROR, 5: WebErrorStatus.UNEXPECTED_SERVER_ERROR}
    return int(by_class.get(http_status // 100, WebErrorStatus.UNEXPECTED_STATUS_CODE))
