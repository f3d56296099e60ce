"""Ways to upload over HTTP: what an author implements, and what the HTTP transport hands over."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, ClassVar, Protocol

from sendoff.errors import SendoffError
from sendoff.model.delivery import Delivery
from sendoff.model.secret import Secret
from sendoff.model.session import Leftover
from sendoff.ports.toolkit import TransportToolkit
from sendoff.ports.transport import Shipment

MOST_BODY = 64 * 1024  # bytes of an answer's body that ``Answer.body`` holds


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from ``start`` to ``stop`` of a source, streamed with their exact length.

    start, stop: bytes from its beginning. completes: with them the server has all it needs, so that the commit point comes before the last of them.
    digest: ``Answer.sha256`` is to tell what went out.

    Example: ``exchange("PUT", url, body=Span(shipment, 0, shipment.size, completes=True))``.
    """

    shipment: Shipment
    start: int
    stop: int
    completes: bool = False
    digest: bool = False

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """It is the source from its first byte to its last."""
        return self.start == 0 and self.stop == self.shipment.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered, whatever its status.

    status: as HTTP has it. url: of whoever gave it, after redirects; may hold secrets. body: at most ``MOST_BODY`` bytes, empty where it was written elsewhere.
    whole: the body came to its end. sent: body bytes of the request that the network took. took_all: it took all of them.
    sha256: of those, hex, where that was asked for.

    >>> answer = sendoff.Answer(status=204, url="https://h.example/files/17", headers=(("Upload-Offset", "65536"),))
    >>> answer.good, answer.number("upload-offset")
    (True, 65536)
    """

    status: int
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    whole: bool = True
    sent: int = 0
    took_all: bool = True
    sha256: str | None = None

    @property
    def good(self) -> bool:
        """The status is one of success (RFC 9110 section 15.3)."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """A header's value, joined by ``", "`` where it comes several times; None = it is not there. name: in any case. Errors: none."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(found) if found else None

    def number(self, name: str) -> int | None:
        """A header that counts something; None where it is missing or counts nothing. name: in any case. Errors: none."""
        text = (self.header(name) or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A destination speaks a protocol. most: bytes of the largest file it takes. facts: what the protocol wants to know again, JSON values.

    >>> sendoff.Offer(most=sendoff.size("5G")).facts
    {}
    """

    most: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finished:
    """The server says that the upload is complete. answer: the one that said so, where it matters.

    >>> sendoff.Finished().answer is None
    True
    """

    answer: Answer | None = None


Into = Callable[[Answer], "BinaryIO | None"]
"""Told an answer when its headers are here, gives the binary file that its body goes to; None = ``Answer.body``."""


class Exchange(Protocol):
    """Asks the servers of one destination on behalf of one try or question.

    TLS, proxy, authentication, the redirect rule, caps, the stall rule and redaction have been applied; another origin than the destination's gets
    no credential and none of the caller's headers.

    Example: ``answer = exchange("HEAD", url, headers={"Tus-Resumable": "1.0.0"})``.
    """

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str | Secret] = {}, body: bytes | Span | None = None, into: Into | None = None
    ) -> Answer:
        """One request. Any status is an answer; 307 and 308 are followed within the origin; 401 is asked anew once with a newer credential.

        headers: the protocol's own; they take the place of the caller's of the same name. into: told the answer when its headers are here, gives where
        its body goes, None = ``Answer.body``.
        Errors: ``Unreachable``, ``Transient``, ``Permanent`` (a certificate, an address that may not be used), ``CredentialNeeded``, ``Interrupted``, and
        what the source raises.
        """
        ...

    def refusal(self, answer: Answer) -> SendoffError:
        """What an answer that is no success means for an upload, as the error to raise; a protocol knows better about some.

        answer: of any status. Errors: none; it gives one.
        """
        ...


class HttpProtocol(ABC):
    """A way to upload over HTTP, by the word of ``protocol =``; chosen and called by the HTTP transport, used by many threads.

    Settings: a pydantic model of the destination's ``protocol_options``; unknown keys are errors.
    names_target: what it makes lies at the target; False where each upload makes a new thing, at an address of the server's choice.

    Example: ``sendoff_http.plain:Plain``.
    """

    Settings: ClassVar[type]
    names_target: ClassVar[bool] = True

    def __init__(self, settings: Any, toolkit: TransportToolkit) -> None:
        """No input or output happens here."""
        self.settings, self.toolkit = settings, toolkit

    def offer(self, exchange: Exchange, root: str) -> Offer | None:  # noqa: ARG002
        """One bodiless question whether a destination speaks it; None: not here. Remembered until a failure.

        exchange: to ask by. root: address of the destination. Errors: those of ``Exchange``.
        """
        return None

    @abstractmethod
    def send(self, shipment: Shipment, exchange: Exchange) -> Delivery:
        """As ``Transport.send``."""

    def abort(self, leftover: Leftover, exchange: Exchange) -> None:
        """As ``Aborting.abort``; only those that leave something are asked."""

    def close(self) -> None:
        """Nothing more is asked of it."""
