"""Asking a server without sending anything."""

from __future__ import annotations

from sendoff import Credential, CredentialNeeded, Probe, Transport, Unreachable, login_header, public_url, web_error_of

from sendoff_http import login
from sendoff_http.body import NoBody
from sendoff_http.carrier import Connections
from sendoff_http.exchange import Exchange
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
    allowed = {word.strip().upper() for word in (answer.header("allow") or "").split(",") if word.strip()}
    writable = transport.methods[0] in allowed if allowed and status < 400 else False if status == 403 else None
    return Probe(reachable=True, writable=writable, resumable=False, detail=f"OPTIONS was answered {status}")
