"""HTTP header fields: those a caller gives, and what others say."""

from __future__ import annotations

import re
from base64 import b64encode

from sendoff.errors import InvalidArgument
from sendoff.model.moment import Moment
from sendoff.model.secret import Credential, Secret, reveal

Header = tuple[str, "str | Secret"]
Headers = tuple[Header, ...]
"""Names and values in their order, ``(("X-Project", "films"), ("Authorization", Secret("Bearer t0ken")))``."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECRET_NAME = re.compile(r"token|secret|passw|credential|signature|api-?key|access-?key", re.IGNORECASE)
_ALWAYS_SECRET = frozenset({"authorization", "cookie", "proxy-authorization", "proxy-authenticate", "x-api-key", "x-auth-token"})
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3600.0
_OURS = frozenset({"content-length", "transfer-encoding", "host", "connection", "expect", "upgrade", "te", "trailer"})


def checked_header(name: str, value: str | Secret) -> Header:
    """A header that can go out as it stands. name, value: as they are written.

    Errors: ``InvalidArgument`` that says what is wrong with it.

    >>> sendoff.checked_header("X-Project", "films")
    ('X-Project', 'films')
    """
    text = reveal(value)
    if not isinstance(name, str) or not isinstance(text, str):
        raise InvalidArgument(f"a header is a name and a value, both text; here they are {type(name).__name__} and {type(text).__name__}")
    if not _TOKEN.fullmatch(name):
        raise InvalidArgument(f"header name {name!r}: only letters, digits and -!#$%&'*+.^_`|~ may stand in it (RFC 9110 section 5.1)")
    if name.lower() in _OURS:
        raise InvalidArgument(f"header {name}: sendoff sets this one itself")
    if any((ord(char) < 32 and char != "\t") or ord(char) == 127 for char in text):
        raise InvalidArgument(f"header {name}: its value contains a line break or another control character (RFC 9110 section 5.5)")
    if text != text.strip(" \t"):
        raise InvalidArgument(f"header {name}: its value begins or ends with a blank (RFC 9110 section 5.5)")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise InvalidArgument(f"header {name}: its value contains a character outside ISO 8859-1; encode it (RFC 8187)") from None
    return (name, value)


def is_secret_header(name: str) -> bool:
    """Whether a header's value is a secret because of its name. name: in any case. Errors: none.

    >>> sendoff.is_secret_header("X-Api-Key")
    True
    """
    return name.lower() in _ALWAYS_SECRET or name.lower().startswith("proxy-") or _SECRET_NAME.search(name) is not None


def joined(headers: Headers) -> Headers:
    """Each header once, values of equal names joined by ``", "`` in order (RFC 9110 section 5.3)."""
    found: dict[str, tuple[str, str | Secret]] = {}
    for name, value in headers:
        earlier = found.get(name.lower())
        if earlier is None:
            found[name.lower()] = (name, value)
            continue
        text = f"{reveal(earlier[1])}, {reveal(value)}"
        secret = isinstance(value, Secret) or isinstance(earlier[1], Secret)
        found[name.lower()] = (earlier[0], Secret(text) if secret else text)
    return tuple(found.values())


def login_header(credential: Credential) -> tuple[str, str]:
    """The header that proves an identity (RFC 7617, RFC 6750). The value is the secret itself: for the wire only.

    credential: of kind ``basic bearer header key``. Errors: ``InvalidArgument`` for another kind, and for a ``basic`` user name with a colon.

    >>> sendoff.login_header(sendoff.Credential(kind="bearer", secret=sendoff.Secret("t0ken")))
    ('Authorization', 'Bearer t0ken')
    """
    secret = credential.secret.reveal()
    if credential.kind == "basic":
        if ":" in credential.username:
            raise InvalidArgument("the user name contains a colon, and there the password begins (RFC 7617 section 2); use a user name without one")
        return "Authorization", "Basic " + b64encode(f"{credential.username}:{secret}".encode()).decode("ascii")
    if credential.kind == "bearer":
        return "Authorization", f"Bearer {secret}"
    if credential.kind == "header" and credential.username:
        return credential.username, secret
    if credential.kind == "key":
        return credential.username or "X-API-Key", secret
    raise InvalidArgument(f"a credential of kind {credential.kind!r} cannot be sent over HTTP; use basic, bearer, header or key")


def retry_after(value: str | None, now: Moment) -> float | None:
    """Seconds to wait, between a second and an hour; None where it is absent, in the past or not readable (RFC 9110 section 10.2.3).

    value: of ``Retry-After``, seconds or a date. now: microseconds since 1970. Errors: none.

    >>> sendoff.retry_after("120", sendoff.moment(0))
    120.0
    """
    from email.utils import parsedate_to_datetime

    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(max(float(text), SHORTEST_WAIT), LONGEST_WAIT)
    try:
        left = parsedate_to_datetime(text).timestamp() - now / 1_000_000
    except (ValueError, OverflowError):
        return None
    return min(max(left, SHORTEST_WAIT), LONGEST_WAIT) if left > 0 else None
