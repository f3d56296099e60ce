"""A receiver in memory, for an application's own tests: it takes whatever is sent to any address, and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, ClassVar

from sendoff.errors import CredentialNeeded, InvalidArgument, NoSpace, Rejected, SendoffError, ServerBusy, TargetExists, TooLarge, Transient
from sendoff.model.delivery import Delivery
from sendoff.model.destination import Destination
from sendoff.model.header import login_header
from sendoff.model.secret import public_url, reveal
from sendoff.model.target import Target
from sendoff.model.web_error import web_error_of
from sendoff.ports.toolkit import TransportToolkit
from sendoff.ports.transport import Shipment, Transport

_KINDS: Mapping[int, type[SendoffError]] = {
    401: CredentialNeeded, 408: ServerBusy, 412: TargetExists, 413: TooLarge, 423: ServerBusy, 425: ServerBusy, 429: ServerBusy, 501: Rejected,
    503: ServerBusy, 505: Rejected, 507: NoSpace,
}  # fmt: skip
_SEEN = {"auto": "accepted", "size": "size", "digest": "server-digest", "read-back": "read-back"}  # as surely as it is asked for
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One request as it came. headers: names as they were given, secrets as they were sent."""

    method: str
    url: str
    headers: Fields
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of a header, whatever case its name is in."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What is answered: an HTTP status, headers, a body."""

    status: int = 201
    headers: Fields = ()
    body: bytes = b""


class MemoryReceiver:
    """Takes what is sent to any address, and keeps it: ``requests`` in the order in which they came, ``stored`` what was taken, by its address.

    >>> receiver = MemoryReceiver()
    >>> receiver.answer(503)
    >>> sent = Sent(method="PUT", url="https://far.example/a", headers=(), body=b"hello")
    >>> receiver.take(sent).status, receiver.take(sent).status, receiver.stored["https://far.example/a"]
    (503, 201, b'hello')
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[Sent] = []
        self._stored: dict[str, bytes] = {}
        self._replies: list[tuple[str, Reply, int | None]] = []

    @property
    def requests(self) -> tuple[Sent, ...]:
        """All that came so far."""
        with self._lock:
            return tuple(self._requests)

    @property
    def stored(self) -> Mapping[str, bytes]:
        """What was taken, by its address; of several to one the last."""
        with self._lock:
            return dict(self._stored)

    def answer(self, status: int, url: str = "", *, body: bytes = b"", headers: Fields = (), times: int | None = 1) -> None:
        """The next requests are answered so. url: only those whose address begins so. times: how many; None = all that come.

        Errors: ``InvalidArgument`` for what is no status, and for a body that is no bytes.
        """
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise InvalidArgument(f"answer({status!r}): an HTTP status is expected, a number from 200 to 599")
        if not isinstance(body, bytes):
            raise InvalidArgument(f"answer(): the body is a {type(body).__name__}; bytes are expected")
        with self._lock:
            self._replies.append((url, Reply(status=status, headers=headers, body=body), times))

    def take(self, sent: Sent) -> Reply:
        """What this request is answered, and what becomes of it."""
        with self._lock:
            self._requests.append(sent)
            reply = self._reply(sent.url)
            if 200 <= reply.status < 300:
                self._stored[sent.url] = sent.body
            return reply

    def _reply(self, url: str) -> Reply:
        for place, (start, reply, times) in enumerate(self._replies):
            if url.startswith(start):
                if times == 1:
                    del self._replies[place]
                elif times is not None:
                    self._replies[place] = start, reply, times - 1
                return reply
        return Reply()


class MemoryTransport(Transport):
    """Carries every scheme to a ``MemoryReceiver``, whole and in one request."""

    schemes: ClassVar[tuple[str, ...]] = ("http", "https", "s3", "sftp")
    methods = ("PUT", "POST")
    Settings = dict

    def __init__(self, destination: Destination, settings: Any, toolkit: TransportToolkit) -> None:
        super().__init__(destination, settings, toolkit)
        self._receiver: MemoryReceiver = settings["receiver"]

    def target(self, name: PurePosixPath) -> Target:
        """Below the root; it does not climb."""
        if name.is_absolute() or ".." in name.parts or not name.parts:
            raise InvalidArgument(f"{name} does not name a thing below {self.destination.url}")
        return Target(self.destination.url if self.destination.exact else f"{self.destination.url}{name}")

    def send(self, shipment: Shipment) -> Delivery:
        """One request, and what its answer means."""
        url, existing = shipment.target.url, shipment.demand.existing
        if existing != "overwrite" and url in self._receiver.stored:
            if existing == "fail":
                raise TargetExists(f"something is at {shipment.target.public} already")
            return Delivery(url=url, size=shipment.size, existing="skipped")
        body = _whole(shipment)
        shipment.commit_point()
        reply = self._receiver.take(Sent(method=shipment.operation.spec.method or "PUT", url=url, headers=_headers(shipment), body=body))
        shipment.answered(reply.status, reply.headers, url).write(reply.body)
        if 200 <= reply.status < 300:
            return self._seen(url, shipment, None if existing == "overwrite" else "created")
        raise _error_of(reply.status, url)

    def _seen(self, url: str, shipment: Shipment, existing: str | None) -> Delivery:
        """What is looked at in the receiver is what was asked for, and no more."""
        held, verify = self._receiver.stored[url], shipment.demand.verify
        digests = {"sha256": sha256(held).hexdigest()} if verify in ("digest", "read-back") else {}
        return Delivery(url=url, size=len(held), verified=_SEEN[verify], existing=existing, digests=digests)


def _whole(shipment: Shipment) -> bytes:
    body, offset = bytearray(shipment.size), 0
    while offset < shipment.size:
        offset += shipment.readinto(memoryview(body)[offset:], offset)
    return bytes(body)


def _headers(shipment: Shipment) -> Fields:
    """Those of the request, with the login that its credential makes."""
    given = tuple((name, reveal(value)) for name, value in shipment.headers)
    credential = shipment.credential() if shipment.operation.spec.credential else None
    if credential is None:
        return given
    name, value = login_header(credential)
    return (*given, (name, reveal(value)))


def _error_of(status: int, url: str) -> SendoffError:
    kind = _KINDS.get(status) or (Transient if status >= 500 else Rejected)
    return kind(f"{public_url(url)} refused it (status {status})", side="server", http_status=status, web_error=web_error_of(status))
