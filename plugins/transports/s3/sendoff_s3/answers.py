"""What each error of S3 means for an upload: one table, by its code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sendoff import (
    CredentialNeeded,
    NoSpace,
    Permanent,
    Rejected,
    SendoffError,
    ServerBusy,
    SessionLost,
    TargetExists,
    TooLarge,
    Transient,
    Unverified,
    retry_after,
    web_error_of,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code stands for: the error, in words, what to do, and further facts."""

    kind: type[SendoffError]
    text: str
    hint: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


_CREDENTIAL = {"side": "credential"}
_CONFIGURATION = {"side": "configuration"}
_KEYS = "check the access key and the secret key of this destination, and its profile"
_LOGIN = Meaning(CredentialNeeded, "does not know this access key", _KEYS)
_EXPIRED = Meaning(CredentialNeeded, "says that the session has expired", "log in anew (aws sso login), then sendoff resume")
_BUSY = Meaning(ServerBusy, "is busy")
_CLOCK = Meaning(Transient, "finds this machine's clock wrong", "set the clock; the upload then goes on by itself", {"side": "local"})
_DAMAGED = Meaning(Transient, "received other bytes than were sent", None, {"side": "network"})
_SETTINGS = Meaning(Rejected, "does not take these settings", "correct the keys of this destination", _CONFIGURATION)

EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired", "InvalidToken"})
MOVED = frozenset({"PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "307"})
GONE = frozenset({"NoSuchUpload"})
ABSENT = frozenset({"404", "NoSuchKey", "NotFound"})
UNSEEN = frozenset({401, 403, 405, 501})  # status of a look that is not allowed, or not known

TABLE: Mapping[str, Meaning] = {  # Amazon S3 API reference, "Error responses"
    "AccessDenied": Meaning(
        Rejected,
        "does not allow it",
        "the identity needs s3:PutObject and s3:AbortMultipartUpload; s3:GetObject to see what landed",
        _CREDENTIAL,
    ),
    "AccountProblem": Meaning(Rejected, "has a problem with the account", None, _CREDENTIAL),
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentSHA256Mismatch": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    "IncompleteBody": _DAMAGED,
    "ConditionalRequestConflict": Meaning(Transient, "was doing something else with this key at the same time"),
    "EntityTooLarge": Meaning(TooLarge, "does not take an object of this size"),
    "EntityTooSmall": Meaning(Permanent, "wants larger parts", "set part_size for this destination", _CONFIGURATION),
    "InternalError": _BUSY,
    "InvalidAccessKeyId": _LOGIN,
    "SignatureDoesNotMatch": _LOGIN,
    "InvalidSecurity": _LOGIN,
    "NotSignedUp": _LOGIN,
    "InvalidArgument": _SETTINGS,
    "InvalidRequest": _SETTINGS,
    "InvalidStorageClass": _SETTINGS,
    "InvalidTag": _SETTINGS,
    "InvalidBucketName": Meaning(Rejected, "finds the name of the bucket impossible", None, _CONFIGURATION),
    "KeyTooLongError": Meaning(Rejected, "finds the key too long", None, _CONFIGURATION),
    "InvalidPart": Meaning(SessionLost, "does not have a part that it had acknowledged"),
    "InvalidPartOrder": Meaning(Permanent, "wants its parts in another order"),
    "MethodNotAllowed": Meaning(Rejected, "does not know this request"),
    "NotImplemented": Meaning(Rejected, "does not know this request", 'set checksum = "none", or name its row with server', _CONFIGURATION),
    "NoSuchBucket": Meaning(Rejected, "knows no such bucket", "create it, or correct the address", _CONFIGURATION),
    "NoSuchUpload": Meaning(SessionLost, "no longer knows the half-done upload"),
    "PreconditionFailed": Meaning(TargetExists, "has something there already"),
    "QuotaExceeded": Meaning(NoSpace, "has no space left"),
    "XMinioStorageFull": Meaning(NoSpace, "has no space left"),
    "RequestTimeTooSkewed": _CLOCK,
    "RequestTimeout": Meaning(Transient, "gave up waiting for the bytes"),
    "ServiceUnavailable": _BUSY,
    "SlowDown": Meaning(ServerBusy, "asks for fewer requests"),
    "TooManyRequests": _BUSY,
    "Throttling": _BUSY,
    "OperationAborted": _BUSY,
}
_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning(Rejected, "found the request malformed"),
    401: _LOGIN,
    403: TABLE["AccessDenied"],
    404: TABLE["NoSuchBucket"],
    408: TABLE["RequestTimeout"],
    409: TABLE["ConditionalRequestConflict"],
    412: TABLE["PreconditionFailed"],
    413: TABLE["EntityTooLarge"],
    429: _BUSY,
    507: TABLE["QuotaExceeded"],
}


class Refusal(Exception):
    """An answer that says no. code: S3's word. region: where the bucket is, if it says so."""

    def __init__(self, code: str, status: int, message: str, headers: Mapping[str, str], region: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code, self.status, self.message, self.headers, self.region = code, status, message, headers, region

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Refusal:
        """Of what botocore's ClientError holds."""
        error, told = response.get("Error", {}), response.get("ResponseMetadata", {})
        headers = told.get("HTTPHeaders", {})
        region = error.get("Region") or headers.get("x-amz-bucket-region")
        return cls(str(error.get("Code", "")), int(told.get("HTTPStatusCode", 0)), str(error.get("Message", "")), headers, region)

    @property
    def wordless(self) -> bool:
        """It is the answer to a HEAD, which has no body and so no code."""
        return self.code.isdigit() and self.region is None

    def error(self, where: str, now: int) -> SendoffError:
        """As sendoff says it. now: the moment by which a Retry-After is read."""
        meaning = _EXPIRED if self.code in EXPIRED else TABLE.get(self.code) or _BY_STATUS.get(self.status) or _unknown(self.status)
        facts = {"http_status": self.status, "web_error": web_error_of(self.status), "s3_code": self.code, **meaning.facts}
        told = f": {self.message}" if self.message and self.message != self.code else ""
        wait = retry_after(self.headers.get("retry-after"), now)
        return meaning.kind(f"{where}: the server {meaning.text} ({self.code}{told})", hint=meaning.hint, retry_after=wait, **facts)


def _unknown(status: int) -> Meaning:
    if status >= 500 or status < 300:  # 200 with an error inside comes as 500; what is no answer of S3's may be a portal's
        return Meaning(Transient, "could not do it now", None, {"side": "server"})
    return Meaning(Rejected, "refused it")


def mismatch(where: str, what: str) -> Unverified:
    """What lies there is not what was sent."""
    return Unverified(f"{where} {what}")
