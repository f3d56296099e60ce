"""Addresses: where a name leads below a root, and what of an address goes onto the wire."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from sendoff import InvalidArgument, public_url

_IN_A_SEGMENT = "-._~!$&'()*+,;=:@"  # RFC 3986 section 3.3
_PRINTABLE = "".join(chr(code) for code in range(33, 127))
_PORTS = {"http": 80, "https": 443}


def below(root: str, name: PurePosixPath) -> str:
    """The address of ``name`` inside ``root``, its query kept; ``InvalidArgument`` for whatever would lead out of it."""
    _check(name, root)
    parts = urlsplit(root)
    path = "/".join([parts.path.rstrip("/"), *(quote(part, safe=_IN_A_SEGMENT) for part in name.parts)])
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _check(name: PurePosixPath, root: str) -> None:
    if not name.parts or name.is_absolute():
        raise InvalidArgument(f"{str(name)!r} names nothing below {public_url(root)}; write a relative name")
    for part in name.parts:
        plain = unquote(unquote(part))  # what a careless server makes of it
        if "\0" in plain:
            raise InvalidArgument(f"{str(name)!r}: a name may not contain NUL characters")
        if any(piece in (".", "..") for piece in plain.replace("\\", "/").split("/")):
            raise InvalidArgument(f"{str(name)!r} would lead out of {public_url(root)}")


def request_target(url: str) -> bytes:
    """Path and query as they stand, so that a signed address stays signed; only what is not ASCII is encoded (RFC 3987 section 3.1)."""
    parts = urlsplit(url)
    text = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return quote(text, safe=_PRINTABLE).encode("ascii")


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, the default port written out; ``ValueError`` for a port that cannot be."""
    parts = urlsplit(url)
    return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme.lower())


def is_method(text: str) -> bool:
    """Whether it can stand where a method stands (RFC 9110 section 9.1)."""
    return re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", text) is not None
