"""From what a caller calls a destination to the full address of one thing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit, urlunsplit

from sendoff.errors import InvalidArgument, UnsupportedScheme
from sendoff.model.configuration import Configuration
from sendoff.model.destination import REFUSED, Destination, asked_at, checked_tail, checked_url, is_local, is_loopback, regular_netloc, scheme_of
from sendoff.model.target import Target
from sendoff.runtime.connections import Connections, check_allowed
from sendoff.runtime.installation import Installed

_MOST_FOLDERS = 1000
_USUAL = frozenset({"http", "https", "s3", "sftp"})  # schemes that people mean, installed or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What all addresses below one root have in common. place: the destination's name, or its origin."""

    destination: Destination
    place: str
    local: bool
    loopback: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where one thing goes. name: path below the folder's root."""

    folder: Folder
    name: str
    target: Target

    @property
    def destination(self) -> Destination:
        """The destination it lies in."""
        return self.folder.destination


class Addresses:
    """Understands addresses by the configuration in force."""

    def __init__(self, installed: Installed, configuration: Callable[[], Configuration], connections: Connections) -> None:
        self._installed, self._configuration, self._connections = installed, configuration, connections
        self._folders: dict[str, Folder] = {}
        self._understood_by: Configuration | None = None

    def resolve(self, destination: str, name: str) -> Address:
        """The address of a thing called ``name`` at a destination: ``scheme://...`` or ``NAME:path``; a final ``/`` makes it a folder."""
        if "://" in destination:
            return self._bare(destination, name)
        found, path = self._named(destination)
        below = path + name if path == "" or path.endswith("/") else path
        target = self._connections.make(found).target(PurePosixPath(_inside(below)))
        folder = Folder(destination=found, place=str(found.name), local=is_local(asked_at(found)), loopback=is_loopback(found.url))
        return Address(folder=folder, name=below, target=target)

    def whole(self, destination: str) -> Address:
        """The address that a caller wrote, whole: a final ``/`` belongs to it, and ``NAME:`` is the destination itself."""
        if "://" in destination:
            address, mark, query = destination.partition("#")[0].partition("?")
            root, _, last = address.rpartition("/")
            if root.count("/") < 2:
                root, last = address, ""
            return self._exact(f"{root}/", f"{root}/{last}{mark}{query}", last, mark + query)
        found, path = self._named(destination)
        place = self.place(destination)
        folder = Folder(destination=found, place=str(found.name), local=is_local(asked_at(found)), loopback=is_loopback(found.url))
        return Address(folder=folder, name=path, target=Target(place.url))

    def place(self, destination: str) -> Destination:
        """What an address leads to, nothing being sent: a folder, or the one thing that it names; a name alone is its whole destination."""
        if "://" in destination:
            address = self._bare(destination, "any")
            return replace(address.destination, url=address.target.url) if address.destination.exact else address.destination
        found, path = self._named(destination if self._connections.named(destination) is None else f"{destination}:")
        if not path or found.exact:
            return found
        url = self._connections.make(found).target(PurePosixPath(_inside(path.removesuffix("/")))).url
        return replace(found, url=f"{url}/") if path.endswith("/") else replace(found, url=url, exact=True)

    def _named(self, destination: str) -> tuple[Destination, str]:
        """The destination of ``NAME:path``, and the path."""
        place, colon, path = destination.partition(":")
        if not colon or "/" in place:
            raise InvalidArgument(
                f"{destination!r} is not an address", hint="write scheme://host/path, or NAME:path with a name from [destinations] in the configuration"
            )
        found = self._connections.named(place)
        if found is None:
            raise self._unknown(place, path)
        check_allowed(found.url, self._configuration())
        return found, path

    def _unknown(self, place: str, path: str) -> InvalidArgument:
        """What is wrong with a name that no destination has."""
        if place.lower() in REFUSED:
            scheme_of(f"{place}://")
        if self._is_scheme(place.lower()):
            meant = Target(f"{place}://{path.lstrip('/') or 'host/path'}")
            return InvalidArgument(f"'//' is missing after '{place}:'", hint=f"write {meant.public}")
        names = ", ".join(sorted(self._configuration().destinations)) or "none"
        return InvalidArgument(f"there is no destination named {place!r}; configured: {names}", hint=f"add [destinations.{place}] to the configuration")

    def _is_scheme(self, word: str) -> bool:
        try:
            return word in _USUAL or bool(self._installed.transport_for(word))
        except UnsupportedScheme:
            return False

    def _bare(self, url: str, name: str) -> Address:
        url = url.partition("#")[0]
        before, mark, query = url.partition("?")
        root, _, last = before.rpartition("/")
        if last and root.count("/") >= 2:
            return self._exact(f"{root}/", url, last, mark + query)
        folder = self._folder(checked_url(url))
        if mark:
            raise InvalidArgument(f"{Target(url).public}: a folder's address cannot have a query; name the file in it")
        rooted = replace(folder, destination=replace(folder.destination, exact=False))
        return Address(folder=rooted, name=name, target=self._connections.make(rooted.destination).target(PurePosixPath(_inside(name))))

    def _exact(self, root: str, url: str, last: str, rest: str) -> Address:
        """The address of one thing, as its transport understands it; what its folder has been checked for is not checked again."""
        folder = self._folder(root)
        checked_tail(last + rest, url)
        if _climbs(last) or "%00" in last:
            raise InvalidArgument(f"{Target(url).public}: a path may not climb with '..', nor hold a NUL")
        whole = replace(folder.destination, url=f"{folder.destination.url}{last}{rest}")
        return Address(folder=folder, name=unquote(last), target=self._connections.make(whole).target(PurePosixPath(last or "any")))

    def _folder(self, url: str) -> Folder:
        """The folder of a bare address, checked once as long as the configuration stays."""
        configuration = self._configuration()
        if configuration is not self._understood_by or len(self._folders) > _MOST_FOLDERS:
            self._folders, self._understood_by = {}, configuration
        found = self._folders.get(url)
        if found is None:
            found = self._folders[url] = self._new_folder(url)
        return found

    def _new_folder(self, url: str) -> Folder:
        transport = self._installed.transport_for(scheme_of(url))
        parts = urlsplit(checked_url(url))
        check_allowed(url, self._configuration())
        if _climbs(parts.path):
            raise InvalidArgument(f"{Target(url).public}: a path may not climb with '..'")
        root = urlunsplit((parts.scheme, regular_netloc(parts), parts.path.rpartition("/")[0] + "/", "", ""))
        destination = Destination(url=root, transport=transport, exact=True)
        return Folder(destination=destination, place=destination.origin, local=is_local(url), loopback=is_loopback(url))


def _climbs(path: str) -> bool:
    """Whether a server that decodes a path, even twice, would be led out of it."""
    if "." not in path and "%" not in path:
        return False
    return any(piece in ("..", ".") for piece in unquote(unquote(path)).replace("\\", "/").split("/"))


def _inside(name: str) -> str:
    """A path below a root: relative, no NUL, not climbing, also where a server reads a backslash as a slash."""
    if not name or name.startswith("/") or "" in name.split("/") or _climbs(name):
        raise InvalidArgument(f"{name!r} does not name a thing below its destination")
    if "\0" in name or "%00" in name:
        raise InvalidArgument(f"{name!r}: a name may not contain NUL")
    return name
