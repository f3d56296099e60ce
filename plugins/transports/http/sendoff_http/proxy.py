"""Which proxy leads to an address."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from sendoff import ConfigurationError, is_loopback, public_url


def proxy_for(url: str, configured: str | None, environment: Mapping[str, str]) -> str | None:
    """The proxy's address, or None for the straight way. configured: ``none`` = never; None = as the environment says, which never holds for loopback."""
    if configured:
        return None if configured == "none" else _checked(configured)
    parts = urlsplit(url)
    found = _named(environment, f"{parts.scheme}_proxy") or _named(environment, "all_proxy")
    if not found or is_loopback(url) or bypassed(parts.hostname or "", parts.port, _named(environment, "no_proxy")):
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


def bypassed(host: str, port: int | None, exceptions: str) -> bool:
    """Whether ``NO_PROXY`` names a host: itself, a domain above it, ``*``, with or without a port, or a network (``10.0.0.0/8``)."""
    for word in exceptions.replace(",", " ").split():
        name, _, only_port = word.rpartition(":") if word.count(":") == 1 else (word, "", "")
        name = name.lower().lstrip("*").lstrip(".")
        if only_port and str(port) != only_port:
            continue
        if word == "*" or (name and (host.lower() == name or host.lower().endswith(f".{name}"))) or _inside(host, word):
            return True
    return False


def _inside(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _named(environment: Mapping[str, str], name: str) -> str:
    return environment.get(name) or environment.get(name.upper()) or ""
