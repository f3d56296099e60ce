"""Asking a server without sending anything."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from sendoff import Answer, CredentialNeeded, CredentialSource, Destination, Exchange, Headers, Probe, TransportToolkit, Unreachable, public_url, web_error_of

from sendoff_http.choice import ANNOUNCED, AUTO, PLAIN, Choice
from sendoff_http.limits import limits_of
from sendoff_http.watch import TimeLimits, Watch

LONGEST = 15.0  # seconds: whoever asks sits there and waits
_PROXY = frozenset({407, 511})


class Probed(Protocol):
    """What of the transport is needed to ask."""

    methods: ClassVar[tuple[str, ...]]
    destination: Destination
    settings: Any
    toolkit: TransportToolkit

    def exchange(self, watch: Watch, source: CredentialSource, headers: Headers) -> Exchange:
        """What to ask with."""
        ...

    def choice(self) -> Choice:
        """Who knows the protocols."""
        ...


def probed(transport: Probed) -> Probe:
    """One OPTIONS request, and one question of a protocol that only the destination knows, answered within ``LONGEST`` or not at all.

    Errors: as ``send``'s where no answer comes; ``CredentialNeeded`` for a 401.
    """
    destination, toolkit = transport.destination, transport.toolkit
    where = public_url(destination.url)
    limits = TimeLimits.of(transport.settings, toolkit.rules)
    watch = Watch(toolkit.clock, limits, where=where, deadline=toolkit.clock.monotonic() + LONGEST, late=f"no answer within {LONGEST:g} seconds")
    exchange = transport.exchange(watch, toolkit.credential, destination.headers)
    answer = exchange("OPTIONS", destination.url)
    status = answer.status
    if status == 401:
        raise CredentialNeeded(f"{where} wants a credential (status 401)", http_status=401, web_error=401)
    if status in _PROXY:
        text = f"{where} cannot be reached: something in between wants a login (status {status})"
        raise Unreachable(text, http_status=status, web_error=web_error_of(status))
    protocol = _protocol(answer, transport.settings.protocol) or _offered(transport, exchange)
    if protocol is not None:
        return Probe(reachable=True, writable=True, resumable=True, detail=f"reachable; it takes uploads that resume ({protocol})")
    method = str(destination.options.get("method") or transport.methods[0]).upper()
    allowed = _allowed(answer)
    writable = None if _says_nothing(answer, allowed, destination) else method in allowed
    return Probe(reachable=True, writable=writable, resumable=False, detail=f"{_seen(writable, method, allowed)} (OPTIONS was answered {status})")


def _protocol(answer: Answer, configured: str) -> str | None:
    """What the answer announces of what may be used there."""
    announced = {"tus": "1.0.0" in (answer.header("tus-version") or ""), "rufh": limits_of(answer.header("upload-limit")) is not None}
    return next((name for name, there in announced.items() if there and configured in ("auto", name)), None)


def _offered(transport: Probed, exchange: Exchange) -> str | None:
    """The protocol that the destination names, where it is a stranger's and asks for itself."""
    name = str(transport.settings.protocol)
    if name in (AUTO, PLAIN, *ANNOUNCED) or transport.choice().named(name).offer(exchange, transport.destination.url) is None:
        return None
    return name


def _allowed(answer: Answer) -> list[str]:
    """The methods of ``Allow``, in whatever pieces it comes (RFC 9110 section 10.2.1)."""
    return [word.strip().upper() for name, value in answer.headers if name.lower() == "allow" for word in value.split(",") if word.strip()]


def _says_nothing(answer: Answer, allowed: list[str], destination: Destination) -> bool:
    """Whether ``Allow`` is silent about what would be sent; of a WebDAV folder it speaks of the folder itself, into which nothing can be put."""
    if not allowed or (answer.status >= 400 and answer.status != 405):
        return True
    return not destination.exact and answer.header("dav") is not None


def _seen(writable: bool | None, method: str, allowed: list[str]) -> str:
    if writable is None:
        return f"reachable; whether it takes {method} was not seen"
    return f"reachable; it says that it takes {method}" if writable else f"it does not take {method}, only {', '.join(allowed)}"
