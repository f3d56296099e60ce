"""Whom to trust, and what a refused certificate means."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

from sendoff import ConfigurationError, Permanent, SendoffError, Unreachable, WebErrorStatus

from sendoff_http.settings import Settings

_CLOCK = "if its certificate is in order, the clock of this machine is wrong"
# the numbers of OpenSSL's X509_V_ERR_*
_REFUSALS = {
    9: ("is not valid yet", WebErrorStatus.CERTIFICATE_IS_INVALID, _CLOCK),
    10: ("has expired", WebErrorStatus.CERTIFICATE_EXPIRED, _CLOCK),
    23: ("was revoked", WebErrorStatus.CERTIFICATE_REVOKED, None),
    62: ("was made out to another host", WebErrorStatus.CERTIFICATE_COMMON_NAME_IS_INCORRECT, None),
    64: ("was made out to another host", WebErrorStatus.CERTIFICATE_COMMON_NAME_IS_INCORRECT, None),
}
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})
_NO_COMMON_LANGUAGE = ("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_VERSION_NUMBER", "NO_SHARED_CIPHER", "HANDSHAKE_FAILURE", "CERTIFICATE_REQUIRED")


def context_of(settings: Settings, environment: Mapping[str, str]) -> ssl.SSLContext:
    """The context for one destination: always verifying. Trust: ``ca_file``, else the submitter's ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, else the system's."""
    named = settings.ca_file or environment.get("SSL_CERT_FILE")
    folder = None if settings.ca_file else environment.get("SSL_CERT_DIR")
    try:
        if named or folder:
            context = ssl.create_default_context(cafile=_expanded(named), capath=_expanded(folder))
        else:
            context = ssl.create_default_context(cafile=_fallback())
        if settings.client_cert:
            context.load_cert_chain(Path(settings.client_cert).expanduser(), _expanded(settings.client_key), password="")
    except (OSError, ssl.SSLError) as cause:
        raise ConfigurationError(f"the certificates in {named or folder or settings.client_cert} cannot be used: {cause}") from cause
    context.minimum_version = settings.tls_version
    return context


def _expanded(path: str | None) -> str | None:
    return str(Path(path).expanduser()) if path else None


def _fallback() -> str | None:
    """None where the system knows certificates; else those that come along with the HTTP library."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi

    return certifi.where()


def refused(error: OSError, host: str) -> SendoffError:
    """A handshake that failed, as an error: a certificate that does not hold is for good, a line that breaks is not."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(error, host)
    reason = str(getattr(error, "reason", "") or "")
    if isinstance(error, ssl.SSLError) and any(word in reason for word in _NO_COMMON_LANGUAGE):
        text = f"{host} and sendoff share no way to talk TLS ({reason.replace('_', ' ').lower()})"
        return Permanent(text, hint="check that the port speaks https, and client_cert and min_tls", web_error=int(WebErrorStatus.CANNOT_CONNECT))
    return Unreachable(f"{host}: the TLS handshake broke off ({reason or error.strerror or error})", web_error=int(WebErrorStatus.CANNOT_CONNECT))


def _bad_certificate(error: ssl.SSLCertVerificationError, host: str) -> SendoffError:
    code = error.verify_code
    text, number, hint = _REFUSALS.get(code, (f"does not hold ({error.verify_message})", WebErrorStatus.CERTIFICATE_CONTAINS_ERRORS, None))
    if code in _UNKNOWN_ISSUER:
        text, number = "was issued by nobody whom this machine trusts", WebErrorStatus.CERTIFICATE_IS_INVALID
        hint = "name the issuer's certificate with ca_file for this destination"
    return Permanent(f"the certificate of {host} {text}; nothing was sent", hint=hint, web_error=int(number))
