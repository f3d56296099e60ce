"""Where things may go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from sendoff.errors import InvalidArgument, UnsupportedScheme
from sendoff.model.secret import public_url

_FTP = "FTP sends passwords and files in clear text and cannot say what arrived; use sftp:// or https:// instead"
REFUSED = {"ftp": _FTP, "ftps": _FTP, "ftpes": _FTP, "tftp": "TFTP has no login and no integrity; use sftp:// or https:// instead"}


_NEAR = (
    "127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10",  # loopback, link-local
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7",  # private: RFC 1918, RFC 4193
    "100.64.0.0/10",  # shared: RFC 6598, as overlay networks have it, too
)  # fmt: skip
_DEFAULT_PORTS = {"http": 80, "https": 443}
_UNFIT = re.compile(r"[\x00-\x20\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """One place to send to, as the configuration or a bare address describes it.

    name: of its ``[destinations.NAME]`` section; None for a bare address.
    url: its root, a folder ending in ``/``; the whole address of one thing when ``exact``. May hold a signed query: never shown.
    transport: the name of the driver.
    options: the driver's own keys.

    >>> sendoff.Destination(url="https://h.example/in/", transport="http").origin
    'https://h.example'
    """

    url: str
    transport: str
    name: str | None = None
    exact: bool = False
    credential: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    cleartext: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Destination({self.name or public_url(self.url)!r}, transport={self.transport!r})"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what can be reached or not."""
        return origin_of(self.url)


def origin_of(url: str) -> str:
    """``scheme://host:port`` without user-info, lower case. url: absolute. Errors: none.

    >>> sendoff.origin_of("https://me@H.example:8443/a")
    'https://h.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def scheme_of(address: str) -> str:
    """The scheme of an address, lower case; refuses FTP's family before any driver is asked."""
    scheme = address.partition("://")[0].lower()
    if scheme in REFUSED:
        raise UnsupportedScheme(f"{scheme}:// is not supported: {REFUSED[scheme]}", hint="nothing was stored")
    return scheme


def checked_url(url: str) -> str:
    """An address that can be used: absolute, a host, no user-info with a password, no control characters, a port that exists."""
    checked_tail(url, url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as cause:
        raise InvalidArgument(f"{public_url(url)!r}: {cause}") from cause
    if not parts.scheme or not parts.hostname:
        raise InvalidArgument(f"{url!r} is not an absolute address; write it as scheme://host/path, or NAME:path with a name from [destinations]")
    if port == 0:
        raise InvalidArgument(f"{public_url(url)!r}: port 0 cannot be connected to")
    if parts.password is not None:
        raise InvalidArgument(f"{public_url(url)}: a password may not stand in an address", hint="name it with --credential env:NAME or --credential file:NAME")
    if "%00" in parts.path:
        raise InvalidArgument(f"{public_url(url)!r}: a name may not contain a NUL character")
    return url.partition("#")[0]


def checked_tail(tail: str, url: str) -> None:
    """The end of an address whose beginning was checked: no control characters, no blanks."""
    if _UNFIT.search(tail):
        raise InvalidArgument(f"{public_url(url)!r}: an address may not contain blanks, backslashes or control characters; write %20 for a blank")


def regular_netloc(parts: SplitResult) -> str:
    """User, host and port in the one form that stands for all spellings (RFC 3986 section 6.2): small letters, no default port; a bucket is no host."""
    if parts.scheme == "s3":
        return parts.netloc
    user, mark, place = parts.netloc.rpartition("@")
    port = parts.port
    if port is None or port == _DEFAULT_PORTS.get(parts.scheme):
        place = place.rpartition(":")[0] if not place.endswith("]") and ":" in place else place
    return f"{user}{mark}{place.lower()}"


def is_local(url: str) -> bool:
    """Whether an address lies on this machine or a private network, where being offline does not matter. url: absolute. Errors: none.

    Also by its name: ``.local`` (RFC 6762) and ``.home.arpa`` (RFC 8375) are on the network at hand, and so is a host without a dot, but for a bucket.

    >>> sendoff.is_local("http://192.168.0.7/in/")
    True
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").removesuffix(".")
    if host == "localhost" or host.endswith((".localhost", ".local", ".home.arpa")):
        return True
    if host and not {".", ":"} & set(host) and parts.scheme != "s3":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_private or lies_near(host)


def lies_near(address: str) -> bool:
    """Whether an IP address is one of this machine or of a network at hand. Those that are for documents, measurements or nothing at all are not."""
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return any(found in ipaddress.ip_network(one) for one in _NEAR)


def asked_at(destination: Destination) -> str:
    """The address at which it is really asked: a bucket's at its endpoint, where one is named."""
    return str(destination.options.get("endpoint_url") or destination.url)


def is_loopback(url: str) -> bool:
    """Whether an address lies on this machine. url: absolute. Errors: none.

    >>> sendoff.is_loopback("http://192.168.0.7/in/")
    False
    """
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
