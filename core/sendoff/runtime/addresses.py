"""From what a caller calls a destination to the full address of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from sendoff.errors import InvalidArgument, Refused, UnsupportedScheme
from sendoff.model.configuration import Configuration
from sendoff.model.destination import REFUSED, Destination, checked_url, scheme_of
from sendoff.model.target import Target
from sendoff.runtime.connections import Connections
from sendoff.runtime.installation import Installed


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one thing goes. root: the folder's address. name: path below it."""

    destination: Destination
    root: str
    name: str
    target: Target


class Addresses:
    """Understands addresses by the configuration in force."""

    def __init__(self, installed: Installed, configuration: Callable[[], Configuration], connections: Connections) -> None:
        self._installed, self._configuration, self._connections = installed, configuration, connections

    def resolve(self, destination: str, name: str) -> Address:
        """The address of a thing called ``name`` at a destination: ``scheme://...`` or ``NAME:path``; a final ``/`` makes it a folder."""
        if "://" in destination:
            return self._bare(destination, name)
        place, colon, path = destination.partition(":")
        if not colon or "/" in place:
            raise InvalidArgument(
                f"{destination!r} is not an address", hint="write scheme://host/path, or NAME:path with a name from [destinations] in the configuration"
            )
        return self._named(place, path, name)

    def _named(self, place: str, path: str, name: str) -> Address:
        known, found = self._configuration().destinations, self._connections.named(place)
        if found is None:
            if place.lower() in REFUSED:
                scheme_of(f"{place}://")
            names = ", ".join(sorted(known)) or "none"
            raise InvalidArgument(f"there is no destination named {place!r}; configured: {names}", hint=f"add [destinations.{place}] to the configuration")
        self._allowed(found.url)
        below = path + name if path == "" or path.endswith("/") else path
        target = self._connections.make(found).target(PurePosixPath(_inside(below)))
        return Address(destination=found, root=found.url, name=below, target=target)

    def _bare(self, url: str, name: str) -> Address:
        transport = self._installed.transport_for(scheme_of(url))
        url = checked_url(url)
        self._allowed(url)
        parts = urlsplit(url)
        if any(unquote(piece) in ("..", ".") for piece in parts.path.split("/")):
            raise InvalidArgument(f"{Target(url).public}: a path may not climb with '..'")
        folder = parts.path.rpartition("/")[0] + "/"
        root = Destination(url=urlunsplit((parts.scheme, parts.netloc, folder, "", "")), transport=transport)
        if not parts.path.endswith("/") and parts.path:
            return Address(destination=replace(root, exact=True), root=root.url, name=unquote(parts.path.rpartition("/")[2]), target=Target(url))
        if parts.query:
            raise InvalidArgument(f"{Target(url).public}: a folder's address cannot have a query; name the file in it")
        return Address(destination=root, root=root.url, name=name, target=self._connections.make(root).target(PurePosixPath(_inside(name))))

    def _allowed(self, url: str) -> None:
        """The policy's word on schemes and hosts."""
        configuration, parts = self._configuration(), urlsplit(url)
        if configuration.allow_schemes is not None and parts.scheme not in configuration.allow_schemes:
            raise UnsupportedScheme(f"{parts.scheme}:// is not allowed here; [policy] allow_schemes has {', '.join(configuration.allow_schemes)}")
        host = parts.hostname or ""
        if configuration.allow_hosts is not None and not any(fnmatch(host, pattern) for pattern in configuration.allow_hosts):
            raise Refused(f"{host} is not allowed here; [policy] allow_hosts has {', '.join(configuration.allow_hosts)}")


def _inside(name: str) -> str:
    """A path below a root: relative, not climbing, no NUL, no backslash that a server might read as a slash."""
    pieces = name.split("/")
    if not name or name.startswith("/") or any(unquote(piece) in ("..", ".", "") for piece in pieces):
        raise InvalidArgument(f"{name!r} does not name a thing below its destination")
    if "\0" in name or "%00" in name or "\\" in name:
        raise InvalidArgument(f"{name!r}: a name may not contain NUL or a backslash")
    return name
