"""Folders that are missing are made where that was asked for."""

from __future__ import annotations

from sendoff import SendoffError

from sendoff_sftp import files
from sendoff_sftp.address import folder_of
from sendoff_sftp.files import Files
from sendoff_sftp.meaning import Meaning
from sendoff_sftp.wire import Said


def make(at: Files, folder: bytes, *, below: bytes | None, meaning: Meaning) -> None:
    """The folder and what is missing above it; nothing above ``below`` (None = anything). Errors: the meaning of the server's refusal."""
    missing: list[bytes] = []
    place = folder
    while place not in (b"", b"/") and not _there(at, place, meaning):
        if below is not None and not _inside(place, below):
            raise meaning.of(Said(files.NO_SUCH_FILE, "no such folder"), "write there", path=place + b"/.")
        missing.append(place)
        place = folder_of(place)
    for one in reversed(missing):
        _make(at, one, meaning)


def _there(at: Files, folder: bytes, meaning: Meaning) -> bool:
    try:
        return at.stat(folder) is not None
    except Said as said:
        raise meaning.of(said, "look for its folder", path=folder) from said


def _make(at: Files, folder: bytes, meaning: Meaning) -> None:
    """One that somebody else made meanwhile is there as well."""
    try:
        at.make_folder(folder)
    except Said as said:
        if not _there(at, folder, meaning):
            raise _refused(said, folder, meaning) from said


def _refused(said: Said, folder: bytes, meaning: Meaning) -> SendoffError:
    return meaning.of(said, "make its folder", path=folder)


def _inside(place: bytes, below: bytes) -> bool:
    below = below.rstrip(b"/")
    return not below or place.startswith(below + b"/")
