"""Everything that can go wrong, by who must act and whether waiting helps.

    SendoffError
    ├── InvalidArgument (ValueError)     the caller: change the request
    │   ├── UnsupportedScheme
    │   ├── SourceMissing, SourceUnsuitable, SourceUnreadable
    │   └── IdConflict
    ├── InvalidState                     the caller: not now, not for this operation
    ├── UnknownOperation (KeyError)      the caller: no such id
    ├── Refused                          a listener or a policy said no
    ├── Postpone                         a listener asks for another moment
    ├── ConfigurationError               the configuration file or a SENDOFF_ variable
    ├── DriverMissing, DriverBroken      the installation
    ├── StoreRefused, JournalFull        the journal and its disk
    ├── HostUnavailable, OtherVersion    the background process
    ├── UploadFailed, UploadCanceled, NeedsAttention    how a wait for an operation ends
    ├── Transient                        waiting helps
    │   ├── Unreachable                  no connection came about
    │   └── ServerBusy                   the server said: not now, nothing was taken
    ├── Permanent                        waiting does not help
    │   └── Rejected, TooLarge, TargetExists, SourceChanged, Unverified
    ├── NeedsPerson                      only a person can help
    │   └── CredentialNeeded, HostKeyUnknown, NoSpace, SourceUnavailable
    ├── SessionLost                      the server forgot the upload: begin again
    ├── OutcomeUnknown                   the request went out whole, the answer did not come
    └── Interrupted                      sendoff itself stopped the try
        └── Superseded                   another process owns the operation now

The docstring of a class is its message. A class's ``code`` is stable and travels as JSON.
"""

from __future__ import annotations

from typing import Any, ClassVar

Json = Any
_SAID_BY_FACTS = frozenset({"retryable", "side", "web_error"})  # what one error may know better than its class


class SendoffError(Exception):
    """Something went wrong in sendoff.

    Parameters
    ----------
    message: one sentence that says what and where; the class docstring when left out.
    hint: what to do about it, one sentence.
    facts: further JSON values, kept in ``facts`` (``http_status``, ``retry_after``, ``candidates`` ...).
    """

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False
    side: ClassVar[str] = "local"
    web_error: ClassVar[int] = 0
    default_hint: ClassVar[str | None] = None

    def __init__(self, message: str | None = None, *, hint: str | None = None, **facts: Json) -> None:
        self.message = message or (self.__class__.__doc__ or "").partition("\n")[0].strip()
        self.hint = hint or self.default_hint
        self.facts = {key: value for key, value in facts.items() if value is not None}
        for name in _SAID_BY_FACTS & self.facts.keys():
            setattr(self, name, self.facts[name])
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return from_json, (to_json(self),)

    @property
    def http_status(self) -> int | None:
        """The status of the server's answer, when there was one."""
        return self.facts.get("http_status")

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asked us to wait."""
        return self.facts.get("retry_after")


# -- the caller -------------------------------------------------------------------------------------------------------


class InvalidArgument(SendoffError, ValueError):
    """The request cannot be carried out as it is written."""

    code = "invalid_argument"


class UnsupportedScheme(InvalidArgument):
    """No installed transport carries bytes to this kind of address."""

    code = "unsupported_scheme"


class SourceMissing(InvalidArgument):
    """There is no such file."""

    code = "source_missing"
    side = "source"


class SourceUnsuitable(InvalidArgument):
    """Only a regular file can be uploaded."""

    code = "source_unsuitable"
    side = "source"


class SourceUnreadable(InvalidArgument):
    """The file cannot be read."""

    code = "source_unreadable"
    side = "source"


class IdConflict(InvalidArgument):
    """An operation with this id exists and asks for something else."""

    code = "id_conflict"


class InvalidState(SendoffError):
    """The operation is not in a state that allows this."""

    code = "invalid_state"


class UnknownOperation(SendoffError, KeyError):
    """There is no such operation."""

    code = "unknown_operation"


class Refused(SendoffError):
    """A listener or the policy refused the operation."""

    code = "refused"
    side = "configuration"


class Postpone(SendoffError):
    """A listener asked for another moment. ``retry_after`` says when, in seconds."""

    code = "postponed"
    retryable = True


# -- the installation -------------------------------------------------------------------------------------------------


class ConfigurationError(SendoffError):
    """The configuration cannot be used."""

    code = "configuration_error"
    side = "configuration"


class DriverMissing(SendoffError):
    """A driver that the work needs is not installed."""

    code = "driver_missing"
    side = "configuration"


class DriverBroken(SendoffError):
    """A driver is installed but does not load."""

    code = "driver_broken"
    side = "configuration"


class StoreRefused(SendoffError):
    """The journal cannot be used as it is."""

    code = "store_refused"


class JournalFull(SendoffError):
    """The disk of the journal is full."""

    code = "journal_full"
    retryable = True
    default_hint = "free some space; what runs is paused and goes on by itself"


class HostUnavailable(SendoffError):
    """No host could be reached or started."""

    code = "host_unavailable"
    retryable = True


class OtherVersion(HostUnavailable):
    """The host that runs is of another version."""

    code = "other_version"


# -- how a wait ends --------------------------------------------------------------------------------------------------


class UploadFailed(SendoffError):
    """The upload failed."""

    code = "upload_failed"


class UploadCanceled(SendoffError):
    """The upload was canceled."""

    code = "upload_canceled"
    web_error = 16


class NeedsAttention(SendoffError):
    """Only a person can help this upload on."""

    code = "needs_attention"


# -- what a driver says -----------------------------------------------------------------------------------------------


class Transient(SendoffError):
    """The try failed in a way that waiting may cure."""

    code = "transient"
    retryable = True
    side = "network"
    web_error = 11


class Unreachable(Transient):
    """The server cannot be reached."""

    code = "unreachable"
    web_error = 6


class ServerBusy(Transient):
    """The server is busy and took nothing."""

    code = "server_busy"
    side = "server"
    web_error = 21


class Permanent(SendoffError):
    """The try failed in a way that waiting does not cure."""

    code = "permanent"
    side = "server"


class Rejected(Permanent):
    """The server refused the upload."""

    code = "rejected"
    web_error = 18


class TooLarge(Permanent):
    """The server does not take a file of this size."""

    code = "too_large"
    web_error = 413


class TargetExists(Permanent):
    """Something is already there under the target's name."""

    code = "target_exists"
    web_error = 412


class SourceChanged(Permanent):
    """The file was changed after it was queued."""

    code = "source_changed"
    side = "source"


class Unverified(Permanent):
    """What the server holds is not what was sent."""

    code = "unverified"


class NeedsPerson(SendoffError):
    """Only a person can help."""

    code = "needs_person"
    reason: ClassVar[str] = "consent"
    what: ClassVar[str] = "consent"


class CredentialNeeded(NeedsPerson):
    """A credential is missing, or the server refused it."""

    code = "credential_needed"
    side = "credential"
    reason = "credential_needed"
    what = "credential"
    web_error = 401


class HostKeyUnknown(NeedsPerson):
    """The server's host key is not known."""

    code = "host_key_unknown"
    side = "server"
    reason = "host_key_unknown"
    what = "host_key"


class NoSpace(NeedsPerson):
    """There is no space left where the file should go."""

    code = "no_space"
    side = "server"
    reason = "no_space"
    what = "space"


class SourceUnavailable(NeedsPerson):
    """The file's drive or share is not there now."""

    code = "source_unavailable"
    side = "source"
    reason = "source_unavailable"
    what = "source"


class SessionLost(SendoffError):
    """The server no longer knows the half-done upload."""

    # with the fact ``left=True``: it is given up here, and the server may still have it; then it is removed there

    code = "session_lost"
    retryable = True
    side = "server"


class OutcomeUnknown(SendoffError):
    """The whole request went out and no answer came; it may have been carried out."""

    code = "outcome_unknown"
    side = "network"
    web_error = 9


class Interrupted(SendoffError):
    """sendoff stopped this try."""

    code = "interrupted"
    retryable = True
    web_error = 16


class Superseded(Interrupted):
    """Another process has taken this operation over."""

    code = "superseded"


# -- as JSON ----------------------------------------------------------------------------------------------------------


def classes() -> dict[str, type[SendoffError]]:
    """Every error class by its stable code."""
    found: dict[str, type[SendoffError]] = {}
    waiting: list[type[SendoffError]] = [SendoffError]
    while waiting:
        kind = waiting.pop()
        found.setdefault(kind.code, kind)
        waiting.extend(kind.__subclasses__())
    return found


def to_json(error: BaseException) -> dict[str, Json]:
    """Any exception as one JSON object; ``from_json`` gives the same class with the same fields back."""
    if not isinstance(error, SendoffError):
        return {"code": "error", "message": f"{type(error).__name__}: {error}", "hint": None}
    return {"code": error.code, "message": error.message, "hint": error.hint, **({"facts": error.facts} if error.facts else {})}


def from_json(data: dict[str, Json]) -> SendoffError:
    """The error that ``to_json`` described; an unknown code is a plain ``SendoffError``."""
    kind = classes().get(str(data.get("code")), SendoffError)
    facts = data.get("facts")
    return kind(data.get("message"), hint=data.get("hint"), **(facts if isinstance(facts, dict) else {}))
