"""Asking a server without sending anything."""

from __future__ import annotations

from sendoff import Credential, CredentialNeeded, Destination, Probe, Transport, Unreachable, login_header, public_url, web_error_of

from sendoff_http import login
from sendoff_http.body import NoBody
from sendoff_http.carrier import Connections
from sendoff_http.exchange import Answer, Exchange
from sendoff_http.watch import TimeLimits, Watch

LONGEST = 15.0  # seconds: whoever asks sits there and waits
_PROXY = frozenset({407, 511})


def probed(transport: Transport, connections: Connections) -> Probe:
    """One OPTIONS request, answered within ``LONGEST`` or not at all. Errors: as ``send``'s where no answer comes; ``CredentialNeeded`` for a 401."""
    destination, toolkit = transport.destination, transport.toolkit
    credential: Credential | None = toolkit.credential()
    login.check_clear(destination, destination.url, (), credential)
    where = public_url(destination.url)
    limits = TimeLimits.of(transport.settings, toolkit.rules)
    watch = Watch(toolkit.clock, limits, where=where, deadline=toolkit.clock.monotonic() + LONGEST, late=f"no answer within {LONGEST:g} seconds")
    fields = [*login.UNIVERSAL, *([login_header(credential)] if credential else [])]
    with Exchange(connections, watch).ask("OPTIONS", destination.url, fields, NoBody(watch)) as answer:
        answer.read_into(None)
    status = answer.status
    if status == 401:
        raise CredentialNeeded(f"{where} wants a credential (status 401)", http_status=401, web_error=401)
    if status in _PROXY:
        text = f"{where} cannot be reached: something in between wants a login (status {status})"
        raise Unreachable(text, http_status=status, web_error=web_error_of(status))
    method = str(destination.options.get("method") or transport.methods[0]).upper()
    allowed = _allowed(answer)
    writable = None if _says_nothing(answer, allowed, destination) else method in allowed
    return Probe(reachable=True, writable=writable, resumable=False, detail=f"{_seen(writable, method, allowed)} (OPTIONS was answered {status})")


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
