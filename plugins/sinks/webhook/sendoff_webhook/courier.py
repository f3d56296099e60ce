"""Carries documents to one address: one POST each, over connections that are kept."""

from __future__ import annotations

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpcore
from sendoff import ConfigurationError, Moment, Permanent, SendoffError, Transient, Unreachable, retry_after

from sendoff_webhook.line import Budget, Lines
from sendoff_webhook.settings import Settings
from sendoff_webhook.verdict import verdict

_MOST_READ = 64 * 1024  # bytes of an answer, so that its connection can be used again; of a longer one nothing is wanted
_PRINTABLE = "".join(chr(code) for code in range(33, 127))


class Courier:
    """The connections to one address. Redirects are not followed, cookies not kept, proxies of the environment not used."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._budget = settings, Budget()
        self._lines = Lines(self._budget)
        common: dict[str, Any] = {"ssl_context": _trust(settings), "keepalive_expiry": 30.0, "network_backend": self._lines}
        self._pool = httpcore.HTTPProxy(settings.proxy, **common) if settings.proxy else httpcore.ConnectionPool(**common)
        self._url = _wire_url(settings.url)

    def post(self, headers: list[tuple[str, str]], body: bytes, now: Moment) -> None:
        """Returns when it was accepted. now: for a ``Retry-After`` that is a date. Errors: ``Transient``, ``Permanent``."""
        raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in headers]  # RFC 9110 section 5.5
        self._budget.start(self._settings.timeout)
        try:
            with self._pool.stream("POST", self._url, headers=raw, content=body) as answer:
                _read_out(answer)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.ProxyError, OSError) as cause:
            raise self._failure(cause) from cause
        asked = next((value.decode("latin-1") for name, value in answer.headers if name.lower() == b"retry-after"), None)
        error = verdict(answer.status, self._settings.where, retry_after(asked, now))
        if error is not None:
            raise error

    def close(self) -> None:
        """Break off what is under way; its notice comes again."""
        self._lines.cut()
        self._pool.close()

    def _failure(self, cause: Exception) -> SendoffError:
        """Whatever kept an answer from coming: the notice comes again under the same id, and the receiver drops it if it had it already."""
        where, origin = self._settings.where, cause.__context__  # the pool hides the cause
        if isinstance(origin, ssl.SSLError):
            said = origin.verify_message if isinstance(origin, ssl.SSLCertVerificationError) else origin.reason or str(origin)
            return Transient(f"{where} could not prove who it is ({said}); nothing was sent", hint="name the issuer's certificate with ca_file =")
        if isinstance(cause, httpcore.ConnectError | httpcore.ConnectTimeout | httpcore.ProxyError):
            return Unreachable(f"{where} cannot be reached: {str(cause) or 'it does not answer'}")
        if isinstance(cause, httpcore.TimeoutException):
            return Transient(f"{where} did not answer within {self._settings.timeout:g} s")
        if isinstance(cause, httpcore.LocalProtocolError):
            return Permanent(f"{where}: this notice cannot be sent over HTTP")  # h11 quotes what it does not send, secrets too
        return Transient(f"{where} broke off without an answer ({str(cause) or type(cause).__name__})")


def _wire_url(url: str) -> httpcore.URL:
    """The address as it goes out: path and query as they stand, so that a signed one stays signed."""
    parts = urlsplit(url)
    target = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_PRINTABLE)
    return httpcore.URL(scheme=parts.scheme, host=(parts.hostname or "").encode("idna"), port=parts.port, target=target)


def _read_out(answer: httpcore.Response) -> None:
    """The rest of an answer. Its status has been read: whatever happens from here on changes nothing."""
    read = 0
    with suppress(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError):
        for piece in answer.iter_stream():
            read += len(piece)
            if read > _MOST_READ:
                return


def _trust(settings: Settings) -> ssl.SSLContext | None:
    """Whose certificates count: ``ca_file``, else the system's, else those that come along with a library."""
    if settings.url.startswith("http:"):
        return None
    try:
        context = ssl.create_default_context(cafile=_authorities(settings))
    except (OSError, ssl.SSLError) as cause:
        raise ConfigurationError(f"the certificates in {settings.ca_file} cannot be used: {cause}") from cause
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if settings.min_tls == "1.3" else ssl.TLSVersion.TLSv1_2
    if settings.client_cert:
        key = Path(settings.client_key).expanduser() if settings.client_key else None
        try:
            context.load_cert_chain(Path(settings.client_cert).expanduser(), key, password="")
        except (OSError, ssl.SSLError) as cause:
            raise ConfigurationError(f"the certificate in {settings.client_cert} cannot be used: {cause}") from cause
    return context


def _authorities(settings: Settings) -> str | None:
    """A file of certificates; None = the system's."""
    if settings.ca_file:
        return str(Path(settings.ca_file).expanduser())
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi

    return certifi.where()
