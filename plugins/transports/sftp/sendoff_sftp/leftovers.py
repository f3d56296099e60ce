"""Removing what an upload that was given up has left."""

from __future__ import annotations

from sendoff import Leftover, SessionLost, Transient, public_url

from sendoff_sftp.address import shown
from sendoff_sftp.files import Files
from sendoff_sftp.meaning import Meaning
from sendoff_sftp.part import Part
from sendoff_sftp.wire import Said


def remove(at: Files, leftover: Leftover) -> None:
    """Returns when the server was seen to have it no more. Errors: the meaning of the server's refusal; it is called again then."""
    try:
        part = Part.of(leftover.session)
    except SessionLost:
        return
    try:
        at.remove(part.path)
        there = at.lstat(part.path)
    except Said as said:
        raise Meaning(at, leftover.url, part.path).of(said, "remove what is left of it") from said
    if there is not None:
        raise Transient(f"{public_url(leftover.url)}: the server says that {shown(part.path)} is removed, and it is still there", side="server")
