"""Buckets and keys: where a name leads below a root, and what an address means to the server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from sendoff import InvalidArgument, public_url

LONGEST_KEY = 1024  # bytes of UTF-8 (S3 user guide, "Naming Amazon S3 objects")
_IN_A_SEGMENT = "-._~!$&'()*+,;=:@"  # RFC 3986 section 3.3
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Place:
    """One object: its bucket and its key."""

    bucket: str
    key: str


def below(root: str, name: PurePosixPath) -> str:
    """The address of ``name`` inside ``root``; ``InvalidArgument`` for whatever would lead out of it or cannot be a key."""
    _check_name(name, root)
    check_bucket(root)
    parts = urlsplit(root)
    try:
        path = "/".join([parts.path.rstrip("/"), *(quote(part, safe=_IN_A_SEGMENT) for part in name.parts)])
    except UnicodeEncodeError as cause:
        raise InvalidArgument(f"{str(name)!r} is not UTF-8, and a key of S3 has to be", hint="rename the file, or name the target") from cause
    address = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    place_of(address)
    return address


def place_of(url: str) -> Place:
    """The bucket and the key that an address means, the key exactly as it is stored; ``InvalidArgument`` where it means none."""
    parts = urlsplit(url)
    if parts.query:
        raise InvalidArgument(f"{public_url(url)}: an address of S3 has no query", hint="write %3F for a question mark that belongs to the key")
    try:
        key = unquote(parts.path.removeprefix("/"), errors="strict")
        length = len(key.encode())
    except UnicodeError as cause:
        raise InvalidArgument(f"{public_url(url)}: a key of S3 is UTF-8") from cause
    if not key:
        raise InvalidArgument(f"{public_url(url)} names no object; write s3://bucket/key")
    if length > LONGEST_KEY:
        raise InvalidArgument(f"{public_url(url)}: a key of S3 has at most {LONGEST_KEY} bytes, this one has {length}")
    return Place(check_bucket(url), key)


def check_bucket(url: str) -> str:
    """The bucket of an address; ``InvalidArgument`` for a name that no bucket can have (S3 user guide, "General purpose bucket naming rules")."""
    parts = urlsplit(url)
    bucket = parts.netloc
    if "@" in bucket or ":" in bucket:
        raise InvalidArgument(f"{public_url(url)}: only the name of a bucket stands before the path", hint="name a server of your own with endpoint_url")
    if not _BUCKET.fullmatch(bucket) or ".." in bucket or _ADDRESS.fullmatch(bucket):
        raise InvalidArgument(
            f"{bucket!r} cannot be a bucket: 3 to 63 small letters, digits, hyphens and single dots, a letter or digit at both ends, no IP address"
        )
    return bucket


def _check_name(name: PurePosixPath, root: str) -> None:
    if not name.parts or name.is_absolute():
        raise InvalidArgument(f"{str(name)!r} names nothing below {public_url(root)}; write a relative name")
    for part in name.parts:
        plain = unquote(unquote(part))  # what a careless server makes of it
        if "\0" in plain:
            raise InvalidArgument(f"{str(name)!r}: a name may not contain NUL characters")
        if any(piece in (".", "..") for piece in plain.replace("\\", "/").split("/")):
            raise InvalidArgument(f"{str(name)!r} would lead out of {public_url(root)}")
