"""How far an operation is."""

from __future__ import annotations

from dataclasses import dataclass

from sendoff.model.status import TransferStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """How far an operation is; bytes may go down when a try starts anew.

    bytes_sent, bytes_confirmed, total_bytes: given to the network, acknowledged by the server, and of the whole.
    status, reason: where the operation stands. bytes_received, total_bytes_to_receive: of the body of the server's answer; the second is 0 where nobody
    says how long it is. attempt: which try. has_restarted: it sends again what an earlier one had sent; has_response_changed: there is another answer to
    read. Whoever is told of progress while it goes on finds each of these two True once, and False from then on. answers: how many the server has given.
    rate: bytes a second over the last seconds, None when nothing moves or it cannot be said yet. eta: seconds; None as well when only the answer is missing.
    protocol, resumable: how it is carried just now, and whether that goes on after a break; None = nobody says.

    >>> sendoff.put(b"hello", "archive:hello.txt").wait().progress.percent
    100.0
    """

    operation: str = ""
    bytes_sent: int = 0
    bytes_confirmed: int = 0
    total_bytes: int = 0
    bytes_received: int = 0
    total_bytes_to_receive: int = 0
    attempt: int = 0
    has_restarted: bool = False
    has_response_changed: bool = False
    rate: float | None = None
    eta: float | None = None
    protocol: str | None = None
    resumable: bool | None = None
    status: TransferStatus | None = None
    reason: str | None = None
    answers: int = 0

    @property
    def percent(self) -> float:
        """How much of it was sent, 0 to 100; 100 where there is nothing to send."""
        done = max(self.bytes_sent, self.bytes_confirmed)
        return 100.0 * min(done, self.total_bytes) / self.total_bytes if self.total_bytes else 100.0
