"""Removing what an upload that was given up has left."""

from __future__ import annotations

from sendoff import Leftover, SessionLost

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
        if at.lstat(part.path) is not None:
            at.remove(part.path)
    except Said as said:
        raise Meaning(at, leftover.url, part.path).of(said, "remove what is left of it") from said
