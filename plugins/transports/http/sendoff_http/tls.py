"""Whom to trust, and what a refused certificate means."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from sendoff import ConfigurationError, Permanent, SendoffError, Unreachable, WebErrorStatus

from sendoff_http.settings import Settings

_REVOCATIONS = b"-----BEGIN X509 CRL-----"
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


class Context(ssl.SSLContext):
    """A verifying context. pins: of the keys that the server may have, besides having a certificate that holds; none = any."""

    pins: frozenset[str] = frozenset()


def context_of(settings: Settings, environment: Mapping[str, str], *, home: bool = True) -> Context:
    """The context for one origin: always verifying. Trust: ``ca_file``, else the submitter's ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``, else the system's.

    A file that also holds a list of what its issuers have revoked is asked for that, too.

    home: it is the destination's own; no other is shown our certificate, or has its key.
    """
    context = Context(ssl.PROTOCOL_TLS_CLIENT)
    _trust(context, settings.ca_file, environment)
    if settings.client_cert and home:
        with _readable(settings.client_cert):
            context.load_cert_chain(Path(settings.client_cert).expanduser(), _expanded(settings.client_key), password="")
    context.minimum_version = settings.tls_version
    context.pins = frozenset(settings.pin) if home else frozenset()
    return context


def _trust(context: ssl.SSLContext, ca_file: str | None, environment: Mapping[str, str]) -> None:
    named = ca_file or environment.get("SSL_CERT_FILE")
    folder = None if ca_file else environment.get("SSL_CERT_DIR")
    with _readable(named or folder):
        if named or folder:
            context.load_verify_locations(cafile=_expanded(named), capath=_expanded(folder))
            if named and _REVOCATIONS in Path(named).expanduser().read_bytes():
                context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        elif fallback := _fallback():
            context.load_verify_locations(cafile=fallback)
        else:
            context.load_default_certs()


@contextmanager
def _readable(path: str | None) -> Iterator[None]:
    """``ConfigurationError`` for certificates or a key that cannot be used."""
    try:
        yield
    except (OSError, ssl.SSLError) as cause:
        raise ConfigurationError(f"the certificates in {path} cannot be used: {cause}") from cause


def check_pin(connection: ssl.SSLSocket, context: ssl.SSLContext, host: str) -> None:
    """``Permanent`` where the server's key is none of those that are pinned (RFC 7469 section 2.4 says how a key is pinned)."""
    pins = context.pins if isinstance(context, Context) else frozenset()
    if not pins:
        return
    found = pin_of(connection.getpeercert(binary_form=True) or b"")
    if found not in pins:
        hint = "if it is meant to have a new key, put that one's pin in place of the old"
        raise Permanent(
            f"the key of {host} is not the pinned one but {found}; nothing was sent", hint=hint, web_error=int(WebErrorStatus.CERTIFICATE_IS_INVALID)
        )


def pin_of(certificate: bytes) -> str:
    """The pin of the key in a certificate (DER): ``sha256//`` and the SHA-256 of its public key in base64."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_der_x509_certificate

    key = load_der_x509_certificate(certificate).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256//" + b64encode(sha256(key).digest()).decode()


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
