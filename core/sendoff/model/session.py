"""What a server keeps of a half-done upload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sendoff.errors import InvalidArgument
from sendoff.model.header import Headers
from sendoff.model.moment import Moment

MOST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A server's record of a half-done upload, as the driver needs it to go on.

    kind: ``"tus/1"``; a driver that does not know the kind raises ``SessionLost``.
    data: JSON values, at most 4 KiB in all; sealed whole, for a session's address is a bearer secret.
    leaves: the server keeps something until ``abort`` was seen to succeed.

    >>> sendoff.Session(kind="tus/1", data={"url": "https://h.example/files/17"}, leaves=True)
    Session('tus/1', leaves=True)
    """

    kind: str
    data: Mapping[str, Any]
    expires_at: Moment | None = None
    leaves: bool = False

    def __repr__(self) -> str:
        return f"Session({self.kind!r}, leaves={self.leaves})"


def checked_session(encoded: bytes) -> bytes:
    """An encoded session that fits; a longer one is the driver's mistake."""
    if len(encoded) > MOST:
        raise InvalidArgument(f"a session of {len(encoded)} bytes: at most {MOST} are kept; record choices, not lists of parts")
    return encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something unfinished at a server that is to be removed.

    headers: what the operation was sent with, secrets too. began_at, size: as the server tells them of what was found there, bytes; None = it does not.

    >>> sendoff.Leftover(url="https://h.example/files/17", session=sendoff.Session(kind="tus/1", data={})).size is None
    True
    """

    url: str
    session: Session
    headers: Headers = ()
    began_at: Moment | None = None
    size: int | None = None

    def __repr__(self) -> str:
        return f"Leftover({self.session!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What one bodiless question told about a destination; None = it did not say.

    >>> sendoff.Probe(reachable=True, resumable=True).writable is None
    True
    """

    reachable: bool
    writable: bool | None = None
    resumable: bool | None = None
    detail: str = ""
