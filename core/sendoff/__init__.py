"""Durable background uploads: hand over a file and a destination, get an id, and go.

Importing this module costs nothing: a name is fetched from its module when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "api.batch": "Batch",
    "api.client": "Client aconnect connect",
    "api.completion": "CompletionDetails CompletionGroup",
    "api.failure": "get_status",
    "api.functions": "aevents afind aget apost aput aput_many events find get post put put_many",
    "api.group": "TransferGroup",
    "api.interfaces": "TransferConfig TransferOperation",
    "api.notification": "Notification",
    "api.operation": "UploadHandle UploadOperation",
    "api.options": "Options",
    "api.part": "ContentPart FormPart",
    "api.response": "ResponseHeaders ResponseInformation",
    "api.unconstrained": "UnconstrainedResult",
    "api.uploader": "BackgroundUploader",
    "errors": (
        "CredentialNeeded ConfigurationError DriverBroken DriverMissing HostKeyUnknown HostUnavailable IdConflict Interrupted InvalidArgument "
        "InvalidState JournalFull NeedsAttention NeedsPerson NoSpace OtherVersion OutcomeUnknown Permanent Postpone Refused Rejected SendoffError "
        "ServerBusy SessionLost SourceChanged SourceMissing SourceUnavailable SourceUnreadable SourceUnsuitable StoreRefused Superseded "
        "TargetExists TooLarge Transient UnknownOperation Unreachable UnsupportedScheme Unverified UploadCanceled UploadFailed"
    ),
    "hookspecs": "Change hookimpl",
    "model.change": ("Append Checkpoint DropCheckpoint Insert Opened Reply Reserve SaveCheckpoint SaveNote SaveTodo Unit Update"),
    "model.conditions": "Conditions",
    "model.delivery": "Delivery Demand Receipt",
    "model.destination": "Destination is_local is_loopback origin_of",
    "model.document": "decode encode",
    "model.event": "Event",
    "model.header": "Headers checked_header is_secret_header login_header retry_after",
    "model.lane": "Lane",
    "model.limits": "Limits Retention RetryRules",
    "model.message": "Message",
    "model.moment": "Moment moment moment_of moment_text",
    "model.note": "Note Todo",
    "model.notice": "Notice",
    "model.operation": "Failure Record Request Spec Tally",
    "model.progress": "UploadProgress",
    "model.quantity": "seconds size",
    "model.query": "Page Query",
    "model.response": "Response",
    "model.salvage": "Salvage",
    "model.secret": "Credential Secret public_url reveal",
    "model.server_key": "ServerKey",
    "model.session": "Leftover Probe Session",
    "model.source": "Source SourceIdentity",
    "model.status": "CostPolicy Reason TransferBehavior TransferPriority TransferStatus",
    "model.target": "Target",
    "model.web_error": "WebErrorStatus web_error_of",
    "ports.clock": "Clock",
    "ports.credentials": "CredentialStore Writable",
    "ports.http_proof": "Proof check_expected digest_field needs_digest repr_sha256 sha256_of",
    "ports.http_protocol": "Answer Exchange Finished HttpProtocol Into Offer Span",
    "ports.network": "Network Watching",
    "ports.session_protocol": "SessionProtocol",
    "ports.sink": "Sink",
    "ports.store": "Purging Salvaging Store",
    "ports.toolkit": "Child CredentialLookup CredentialSource Learned ProtocolSource SinkToolkit Toolkit TransportToolkit",
    "ports.transport": "Aborting Bundling Probing Shipment Shipments Sweeping Transport Trusting",
}
_MODULE_OF = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = sorted(_MODULE_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'sendoff' has no attribute {name!r}")
    value = getattr(import_module(f"sendoff.{_MODULE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
