"""Where things lie at a Nextcloud: files, the uploads collection, the chunks in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from sendoff import Rejected, public_url

_FILES = re.compile(r"(?P<base>.*?)(?P<door>/remote\.php/dav)/files/(?P<user>[^/]+)(?=/|$)")
_PRINTABLE = "".join(chr(code) for code in range(33, 127))


@dataclass(frozen=True, slots=True)
class Place:
    """A user's files at a server. base: of the server, without a final ``/``. files, uploads: the two collections of the user, the same way."""

    base: str
    files: str
    uploads: str


def place_of(url: str) -> Place | None:
    """What the address of something below a user's files tells; None where it is none."""
    parts = urlsplit(url)
    found = _FILES.match(parts.path)
    if found is None:
        return None
    base, door, user = (found[name] for name in ("base", "door", "user"))
    base, files, uploads = (urlunsplit((parts.scheme, parts.netloc, path, "", "")) for path in (base, found[0], f"{base}{door}/uploads/{user}"))
    return Place(base, files, uploads)


def uploads_of(url: str, named: str | None) -> str:
    """The uploads collection for a target, without a final ``/``. named: what the settings say."""
    if named is not None:
        return urljoin(url, named).rstrip("/")
    place = place_of(url)
    if place is None:
        hint = 'write the address as https://HOST/remote.php/dav/files/USER/, or name uploads = "/remote.php/dav/uploads/USER" in protocol_options'
        raise Rejected(f"{public_url(url)} does not tell where this Nextcloud takes uploads", hint=hint, side="configuration")
    return place.uploads


def sent_form(url: str) -> str:
    """An address as it may stand in the header ``Destination``: no query, nothing that is not ASCII (RFC 4918 section 10.3)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], quote(parts.path, safe=_PRINTABLE), "", ""))


def parent_of(url: str) -> str:
    """The folder that something lies in, with a final ``/``."""
    return url.partition("?")[0].rstrip("/").rpartition("/")[0] + "/"


def chunk_name(number: int) -> str:
    """The name of a chunk, the first is 1; they are put together in the order of their names."""
    return f"{number:05d}"
