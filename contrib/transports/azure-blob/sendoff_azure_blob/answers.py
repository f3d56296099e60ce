"""What each error of Azure means for an upload: one table, by its code."""

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
_LOGIN = Meaning(CredentialNeeded, "does not take this login", "check the key, the SAS (has it expired?) or the token of this destination's credential")
_DENIED = Meaning(
    Rejected,
    "does not allow it",
    "a SAS needs the permissions create, write and read, and delete and list to take away what is left; a token the role Storage Blob Data Contributor",
    _CREDENTIAL,
)
_BUSY = Meaning(ServerBusy, "is busy")
_CLOCK = Meaning(Transient, "finds this machine's clock wrong", "set the clock; the upload then goes on by itself", {"side": "local"})
_DAMAGED = Meaning(Transient, "received other bytes than were sent", None, {"side": "network"})
_SETTINGS = Meaning(Rejected, "does not take these settings", "correct the keys of this destination", _CONFIGURATION)
_CONTAINER = Meaning(Rejected, "knows no such container", "create it, or correct the address", _CONFIGURATION)
_MIXED = Meaning(
    Rejected,
    "has blocks of another program under this name, which go together with no others",
    "wait until that program is done, or take them away: sendoff gc --remote DESTINATION --others",
)
_LEASED = Meaning(Rejected, "has lent the blob to somebody (a lease)", "end the lease, then sendoff retry")
_KEPT = Meaning(Rejected, "may not replace the blob (it is kept by a policy)")

LOGIN = frozenset({"AuthenticationFailed", "InvalidAuthenticationInfo", "NoAuthenticationInformation"})
ABSENT = frozenset({"BlobNotFound"})
EXISTS = frozenset({"BlobAlreadyExists", "ConditionNotMet", "UnauthorizedBlobOverwrite", "TargetConditionNotMet"})

TABLE: Mapping[str, Meaning] = {  # "Status and error codes" and "Blob Storage error codes", Azure Storage REST API
    "AccountBeingCreated": _BUSY,
    "AccountIsDisabled": Meaning(Rejected, "has disabled the account", None, _CREDENTIAL),
    "AuthorizationFailure": _DENIED,
    "AuthorizationPermissionMismatch": _DENIED,
    "AuthorizationProtocolMismatch": Meaning(Rejected, "wants this SAS over https", None, _CREDENTIAL),
    "AuthorizationResourceTypeMismatch": _DENIED,
    "AuthorizationServiceMismatch": _DENIED,
    "AuthorizationSourceIPMismatch": Meaning(Rejected, "does not take this SAS from this address of the network", None, _CREDENTIAL),
    "BlobAlreadyExists": Meaning(TargetExists, "has something there already"),
    "BlobArchived": Meaning(Rejected, "has the blob in its archive, where it can be neither read nor changed"),
    "BlobImmutableDueToPolicy": _KEPT,
    "BlobBeingRehydrated": Meaning(Rejected, "is bringing the blob back from its archive"),
    "BlockCountExceedsLimit": Meaning(Permanent, "wants larger blocks", "set block_size for this destination", _CONFIGURATION),
    "BlockListTooLong": Meaning(Permanent, "wants larger blocks", "set block_size for this destination", _CONFIGURATION),
    "ConditionNotMet": Meaning(TargetExists, "has something there already"),
    "ContainerBeingDeleted": _BUSY,
    "ContainerDisabled": _DENIED,
    "ContainerNotFound": _CONTAINER,
    "Crc64Mismatch": _DAMAGED,
    "InsufficientAccountPermissions": _DENIED,
    "InternalError": _BUSY,
    "InvalidBlobOrBlock": _MIXED,
    "InvalidBlobTier": _SETTINGS,
    "InvalidBlobType": Meaning(Rejected, "has a blob of another kind there, which blocks cannot replace", "delete it, or choose another name"),
    "InvalidBlockList": Meaning(Transient, "does not have a block that it had acknowledged; it is asked and gets what is missing"),
    "InvalidHeaderValue": _SETTINGS,
    "InvalidInput": _SETTINGS,
    "InvalidMetadata": _SETTINGS,
    "InvalidResourceName": Meaning(Rejected, "finds the name impossible", None, _CONFIGURATION),
    "InvalidTags": _SETTINGS,
    "InvalidUri": Meaning(Rejected, "finds the name impossible", None, _CONFIGURATION),
    "LeaseIdMissing": _LEASED,
    "Md5Mismatch": _DAMAGED,
    "OperationTimedOut": _BUSY,
    "PublicAccessNotPermitted": _DENIED,
    "RequestBodyTooLarge": Meaning(TooLarge, "does not take blocks of this size", "set block_size for this destination"),
    "ResourceNotFound": _CONTAINER,
    "ServerBusy": Meaning(ServerBusy, "asks for fewer requests"),
    "UnauthorizedBlobOverwrite": Meaning(TargetExists, "has something there already, which this login may not replace"),
}
_BY_STATUS: Mapping[int, Meaning] = {
    400: Meaning(Rejected, "found the request malformed"),
    403: _DENIED,
    404: _CONTAINER,
    408: Meaning(Transient, "gave up waiting for the bytes"),
    409: Meaning(Transient, "was doing something else with this blob at the same time"),
    412: TABLE["ConditionNotMet"],
    413: TABLE["RequestBodyTooLarge"],
    429: _BUSY,
    503: _BUSY,
    507: Meaning(NoSpace, "has no space left"),
}


class Refusal(Exception):
    """An answer that says no. code: Azure's word. detail: why a login was not taken, which may quote what was signed and is not shown."""

    def __init__(self, code: str, status: int, message: str, headers: Mapping[str, str], detail: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.code, self.status, self.message, self.headers, self.detail = code, status, message, headers, detail

    @classmethod
    def of(cls, error: Any) -> Refusal:
        """Of what azure-core's HttpResponseError holds."""
        headers = dict(error.response.headers)
        code = error.response.headers.get("x-ms-error-code") or getattr(getattr(error, "error_code", None), "value", getattr(error, "error_code", None)) or ""
        detail = str((getattr(error, "additional_info", None) or {}).get("authenticationerrordetail", ""))
        return cls(str(code), int(error.status_code or 0), str(error.message).partition("\n")[0], {k.lower(): v for k, v in headers.items()}, detail)

    @property
    def login(self) -> bool:
        """Whoever asked is not known, or no more."""
        known = self.code in LOGIN or self.status == 401 or "failed to authenticate" in self.message  # Azurite has a code of its own for a SAS
        return known and not self._late

    @property
    def unseen(self) -> bool:
        """This may not be looked at; other things may be allowed."""
        return self.status in (403, 405) and not self.login and not self._late

    def error(self, where: str, now: int) -> SendoffError:
        """As sendoff says it. now: the moment by which a Retry-After is read."""
        meaning = self._meaning()
        facts = {"http_status": self.status, "web_error": web_error_of(self.status), "azure_code": self.code, **meaning.facts}
        told = ": ".join(word for word in (self.code or str(self.status), self.message if self.message != self.code else "") if word)
        wait = retry_after(self.headers.get("retry-after"), now)
        return meaning.kind(f"{where}: the server {meaning.text} ({told})", hint=meaning.hint, retry_after=wait, **facts)

    @property
    def _late(self) -> bool:
        """The login may be in order, and the clock is not: "Request date header too old"."""
        return "date header" in self.detail.lower()

    def _meaning(self) -> Meaning:
        if self._late or self.login:
            return _CLOCK if self._late else _LOGIN
        if "contentMD5 doesn't match" in self.message:  # Azurite's words for Md5Mismatch
            return _DAMAGED
        return TABLE.get(self.code) or _BY_STATUS.get(self.status) or _unknown(self.status)


def _unknown(status: int) -> Meaning:
    if status >= 500 or status < 300:
        return Meaning(Transient, "could not do it now", None, {"side": "server"})
    return Meaning(Rejected, "refused it")


def mismatch(where: str, what: str) -> Unverified:
    """What lies there is not what was sent."""
    return Unverified(f"{where} {what}")
