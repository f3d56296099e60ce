"""Whom to trust, which way to take, and what a refused certificate means."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sendoff import ConfigurationError, Permanent, SendoffError, Transient, WebErrorStatus, is_loopback, public_url

from sendoff_azure_blob.settings import Settings

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
    """The context for one destination, always verifying. Trust: ``ca_file``, else the submitter's ``SSL_CERT_FILE``, else the system's."""
    named = settings.ca_file or environment.get("SSL_CERT_FILE")
    try:
        context = ssl.create_default_context(cafile=str(Path(named).expanduser()) if named else _fallback())
        if settings.client_cert:
            key = str(Path(settings.client_key).expanduser()) if settings.client_key else None
            context.load_cert_chain(Path(settings.client_cert).expanduser(), key, password="")
    except (OSError, ssl.SSLError) as cause:
        raise ConfigurationError(f"the certificates in {named or settings.client_cert} cannot be used: {cause}") from cause
    context.minimum_version = settings.tls_version
    return context


def _fallback() -> str | None:
    """None where the system knows certificates; else those that come along with Python's libraries."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        return None
    import certifi

    return certifi.where()


def proxy_for(url: str, configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The proxy's address, or None for the straight way. configured: ``none`` = never; None = as the environment says, which never holds for loopback."""
    if configured:
        return None if configured == "none" else _checked(configured)
    parts = urlsplit(url)
    found = _named(environment, f"{parts.scheme}_proxy") or _named(environment, "all_proxy")
    if not found or is_loopback(url) or _bypassed(parts.hostname or "", _named(environment, "no_proxy")):
        return None
    address = _checked(found if "://" in found else f"http://{found}")
    if not address.startswith("http://"):
        raise ConfigurationError(f"the proxy {public_url(address)} cannot be used: only http:// proxies are", hint="set proxy for this destination, or none")
    return address


def _checked(address: str) -> str:
    """The same, if it can be read in one way only; else it is not shown, for who can tell where in it a password stands."""
    try:
        parts = urlsplit(address)
        readable = bool(parts.hostname) and parts.port != 0 and address.isprintable() and " " not in address
        readable = readable and "@" not in f"{parts.path}{parts.query}{parts.fragment}"
    except ValueError:  # quotes what stands where the port does
        readable = False
    if not readable:
        raise ConfigurationError(
            "the address of the proxy cannot be read", hint="percent-encode / ? # @ in its password (/ as %2F), and write the port as a number"
        ) from None
    return address


def _bypassed(host: str, exceptions: str) -> bool:
    """Whether ``NO_PROXY`` names a host: itself, a domain above it, or ``*``."""
    for word in exceptions.replace(",", " ").lower().split():
        name = word.lstrip("*").lstrip(".")
        if word == "*" or (name and (host.lower() == name or host.lower().endswith(f".{name}"))):
            return True
    return False


def _named(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""


def refused(error: ssl.SSLError, where: str) -> SendoffError:
    """A handshake that failed, as an error: a certificate that does not hold is for good, a line that breaks is not."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _bad_certificate(error, where)
    reason = str(error.reason or "")
    if any(word in reason for word in _NO_COMMON_LANGUAGE):
        text = f"the server of {where} and sendoff share no way to talk TLS ({reason.replace('_', ' ').lower()})"
        return Permanent(text, hint="check that endpoint_url speaks https, and client_cert and min_tls", web_error=int(WebErrorStatus.CANNOT_CONNECT))
    return Transient(f"{where}: TLS broke off ({reason or error})")


def _bad_certificate(error: ssl.SSLCertVerificationError, where: str) -> SendoffError:
    code = error.verify_code
    text, number, hint = _REFUSALS.get(code, (f"does not hold ({error.verify_message})", WebErrorStatus.CERTIFICATE_CONTAINS_ERRORS, None))
    if code in _UNKNOWN_ISSUER:
        text, number = "was issued by nobody whom this machine trusts", WebErrorStatus.CERTIFICATE_IS_INVALID
        hint = "name the issuer's certificate with ca_file for this destination"
    return Permanent(f"the certificate of the server of {where} {text}; nothing was sent", hint=hint, web_error=int(number))
