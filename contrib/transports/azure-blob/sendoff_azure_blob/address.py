"""Accounts, containers and blobs: where a name leads below a root, and what an address means to the server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from sendoff import InvalidArgument, public_url

LONGEST_NAME = 1024  # characters ("Naming and referencing containers, blobs, and metadata")
_IN_A_SEGMENT = "-._~!$&'()*+,;=:@"  # RFC 3986 section 3.3
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"\$root|\$web|[a-z0-9](?:-?[a-z0-9]){2,62}")


@dataclass(frozen=True, slots=True)
class Place:
    """One blob: its account, its container and its name."""

    account: str
    container: str
    name: str


def below(root: str, name: PurePosixPath) -> str:
    """The address of ``name`` inside ``root``; ``InvalidArgument`` for whatever would lead out of it or cannot be a blob."""
    _check_name(name, root)
    folder_of(root)
    parts = urlsplit(root)
    try:
        path = "/".join([parts.path.rstrip("/"), *(quote(part, safe=_IN_A_SEGMENT) for part in name.parts)])
    except UnicodeEncodeError as cause:
        raise InvalidArgument(f"{str(name)!r} is not UTF-8, and the name of a blob has to be", hint="rename the file, or name the target") from cause
    address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    place_of(address)
    return address


def place_of(url: str) -> Place:
    """The blob that an address means, its name exactly as it is stored; ``InvalidArgument`` where it means none."""
    place = folder_of(url)
    if not place.name:
        raise InvalidArgument(f"{public_url(url)} names no blob; write azure://account/container/name")
    if len(place.name) > LONGEST_NAME:
        raise InvalidArgument(f"{public_url(url)}: the name of a blob has at most {LONGEST_NAME} characters, this one has {len(place.name)}")
    return place


def folder_of(url: str) -> Place:
    """What an address means where its name may be empty or the beginning of one. Errors: ``InvalidArgument``."""
    parts = urlsplit(url)
    if parts.query:
        hint = "write %3F for a question mark that belongs to the name; a signature (SAS) is a credential: --credential"
        raise InvalidArgument(f"{public_url(url)}: an address of Azure has no query", hint=hint)
    if not _ACCOUNT.fullmatch(parts.netloc):
        hint = "write azure://account/container/name, and endpoint_url for a server of your own"
        raise InvalidArgument(f"{public_url(url)}: the name of a storage account has 3 to 24 small letters and digits", hint=hint)
    container, _, path = parts.path.removeprefix("/").partition("/")
    if not _CONTAINER.fullmatch(container) or len(container) > 63:
        raise InvalidArgument(f"{container!r} cannot be a container: 3 to 63 small letters, digits and single hyphens, a letter or digit at both ends")
    try:
        return Place(parts.netloc, container, unquote(path, errors="strict"))
    except UnicodeError as cause:
        raise InvalidArgument(f"{public_url(url)}: the name of a blob is UTF-8") from cause


def _check_name(name: PurePosixPath, root: str) -> None:
    if not name.parts or name.is_absolute():
        raise InvalidArgument(f"{str(name)!r} names nothing below {public_url(root)}; write a relative name")
    for part in name.parts:
        plain = unquote(unquote(part))  # what a careless server makes of it
        if "\0" in plain:
            raise InvalidArgument(f"{str(name)!r}: a name may not contain NUL characters")
        if any(piece in (".", "..") for piece in plain.replace("\\", "/").split("/")):
            raise InvalidArgument(f"{str(name)!r} would lead out of {public_url(root)}")
