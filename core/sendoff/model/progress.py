"""How far an operation is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far an operation is; bytes may go down when a try starts anew.

    rate: bytes a second over the last seconds, None when nothing moves or it cannot be said yet. eta: seconds; None as well when only the answer is missing.
    protocol, resumable: how it is carried just now, and whether that goes on after a break; None = nobody says.
    """

    operation: str = ""
    bytes_sent: int = 0
    bytes_confirmed: int = 0
    total_bytes: int = 0
    bytes_received: int = 0
    attempt: int = 0
    has_restarted: bool = False
    has_response_changed: bool = False
    rate: float | None = None
    eta: float | None = None
    protocol: str | None = None
    resumable: bool | None = None
