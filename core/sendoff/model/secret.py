"""Values that must not be seen: they print as three stars, wherever they are put."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sendoff.errors import InvalidArgument

STARS = "***"
SEALED = "sealed:"  # begins the reference to a credential that came with an operation, and lies in its row
_SECRET_WORD = re.compile(r"sig|token|secret|key|password|credential|^x-amz-|^x-goog-", re.IGNORECASE)


class Secret:
    """A text that does not print, format or pickle; ``reveal()`` is the only way to it. value: the text.

    >>> sendoff.Secret("t0ken")
    ***
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return STARS

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a Secret is not pickled")


def reveal(value: str | Secret) -> str:
    """The text of a value that may be secret. value: a text or a ``Secret``. Errors: none.

    >>> sendoff.reveal(sendoff.Secret("t0ken"))
    't0ken'
    """
    return value.reveal() if isinstance(value, Secret) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A proof of identity for one use.

    kind: ``basic`` (username, secret), ``bearer`` (secret), ``header`` (username = header's name, secret = its value), ``key``.
    secret: a text is made a ``Secret``, so that it is never shown. expires_at: moment (microseconds) after which it is of no use; None when it does not say.

    Errors: ``InvalidArgument`` for what is no text; where it is used, for a ``basic`` user name with a colon (RFC 7617 section 2).

    >>> sendoff.Credential(username="me", secret=sendoff.Secret("pass"))
    Credential(kind='basic', username='me', secret=***, expires_at=None)
    """

    kind: str = "basic"
    username: str = ""
    secret: Secret = Secret("")
    expires_at: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.secret, str):
            object.__setattr__(self, "secret", Secret(self.secret))
        if not isinstance(self.secret, Secret):
            raise InvalidArgument(f"the secret of a credential is a {type(self.secret).__name__}; a text or a Secret is expected")
        if not isinstance(self.username, str):
            raise InvalidArgument(f"the user name of a credential is a {type(self.username).__name__}; a text is expected")


def is_sealed(reference: object) -> bool:
    """Whether a reference is to a credential that came with its operation, and is asked of nobody."""
    return isinstance(reference, str) and reference.startswith(SEALED)


def is_secret_word(name: str) -> bool:
    """Whether a query value or setting of this name is shown as three stars."""
    return bool(_SECRET_WORD.search(name))


def public_url(url: str) -> str:
    """The form of an address that may be shown: no user-info, secret query values as three stars, no fragment; of one that is none, only its scheme.

    url: any text. Errors: none.

    >>> sendoff.public_url("https://me@h.example/a?token=17&page=2")
    'https://h.example/a?token=***&page=2'
    """
    if "@" not in url and "?" not in url and "#" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:  # a broken host: who can tell where in it a secret stands
        return f"{url.partition('://')[0]}://{STARS}" if "://" in url else STARS
    query = "&".join(_public_pair(pair) for pair in parts.query.split("&")) if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _public_pair(pair: str) -> str:
    name, equals, _ = pair.partition("=")
    return f"{name}={STARS}" if equals and is_secret_word(name) else pair
