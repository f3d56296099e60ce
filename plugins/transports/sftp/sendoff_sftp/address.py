"""Addresses: ``sftp://user@host:port/path``; ``/~/path`` is relative to the folder that the login leads to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from sendoff import InvalidArgument, public_url

PORT = 22
_IN_A_SEGMENT = "-._~!$&'()*+,;=:@"  # RFC 3986 section 3.3


@dataclass(frozen=True, slots=True)
class Place:
    """Who is asked, as whom. user: None = as the configuration of ssh says. port: likewise."""

    host: str
    port: int | None
    user: str | None


def place_of(url: str) -> Place:
    """The server that an address names."""
    parts = urlsplit(url)
    return Place(parts.hostname or "", parts.port, unquote(parts.username) if parts.username else None)


def below(root: str, name: PurePosixPath) -> str:
    """The address of ``name`` inside ``root``; ``InvalidArgument`` for whatever would lead out of it."""
    _check(name, root)
    parts = urlsplit(root)
    path = "/".join([parts.path.rstrip("/"), *(quote(part.encode("utf-8", "surrogateescape"), safe=_IN_A_SEGMENT) for part in name.parts)])
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _check(name: PurePosixPath, root: str) -> None:
    if not name.parts or name.is_absolute():
        raise InvalidArgument(f"{str(name)!r} names nothing below {public_url(root)}; write a relative name")
    for part in name.parts:
        plain = unquote(unquote(part))
        if "\0" in plain:
            raise InvalidArgument(f"{str(name)!r}: a name may not contain NUL characters")
        if any(piece in (".", "..") for piece in plain.replace("\\", "/").split("/")):
            raise InvalidArgument(f"{str(name)!r} would lead out of {public_url(root)}")


def path_of(url: str) -> bytes:
    """The path at the server, as it goes onto the wire: absolute, or relative to the folder of the login."""
    parts = urlsplit(url)
    if parts.query:
        raise InvalidArgument(f"{public_url(url)}: an sftp address has no query; write %3F for a question mark in a name")
    path = unquote(parts.path, errors="surrogateescape")
    if path.startswith("/~/"):
        path = path[3:]
    if not path or path.endswith("/"):
        raise InvalidArgument(f"{public_url(url)} names a folder; name the file in it")
    return path.encode("utf-8", "surrogateescape")


def root_of(url: str) -> bytes:
    """The folder that an address names or lies in, as ``path_of`` has it, with a slash at its end; empty where it is that of the login."""
    return path_of(f"{url.rpartition('/')[0]}/-").removesuffix(b"-")


def folder_of(path: bytes) -> bytes:
    """The folder a path lies in; empty where it is that of the login."""
    folder, slash, _ = path.rpartition(b"/")
    return folder or slash


def shown(path: bytes) -> str:
    """A path for people."""
    return path.decode("utf-8", "backslashreplace")
