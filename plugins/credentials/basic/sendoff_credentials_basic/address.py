"""An address of which a credential helper of git's knows the login."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sendoff_credentials_basic.value import controlled


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Its parts as git calls them (git-credential(1)); path and user name percent-decoded, as git does it."""

    protocol: str
    host: str
    path: str
    username: str


def address_of(url: str) -> Address:
    """The parts of an address. Errors: ``ValueError``, a sentence that does not repeat it: a password may stand in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    path, username = unquote(parts.path).strip("/"), unquote(parts.username or "")
    if any(char.isspace() for char in url) or controlled(url + path + username):
        raise ValueError("an address has no blanks or control characters in it")
    if not parts.scheme or not parts.hostname:
        raise ValueError("it is not an address with a scheme and a host, such as https://server.example")
    if parts.password:
        raise ValueError("a password does not belong into it; tell it to the helper, with: sendoff credentials set NAME")
    return Address(protocol=parts.scheme, host=parts.netloc.rpartition("@")[2], path=path, username=username)
