"""SQLite's errors in sendoff's words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sendoff import JournalFull, SendoffError, StoreRefused

KEPT = "the file was left as it is; put a backup in its place, or save what can be read: sendoff host start --recover"
_FULL = {"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"}
_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"}
_SHUT = {"SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH"}
_CLOSED = {"SQLITE_CANTOPEN"}
_DAMAGED = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_FORMAT"}


@contextmanager
def translated(file: Path, *, most: int | None = None) -> Iterator[None]:
    """Inside, whatever SQLite raises becomes ``JournalFull`` or ``StoreRefused`` with a cure. most: bytes the file may grow to."""
    try:
        yield
    except sqlite3.Error as cause:
        raise in_our_words(cause, file, most=most) from cause


def in_our_words(cause: sqlite3.Error, file: Path, *, most: int | None = None) -> SendoffError:
    """The error of ours that says what this one of SQLite's means for the journal in ``file``."""
    name = getattr(cause, "sqlite_errorname", None) or ""
    if name in _FULL:
        bound = f", or the {most} bytes that [store] max_size allows are used up" if most is not None else ""
        return JournalFull(f"{file}: there is no room left on its disk{bound}")
    if _is(name, _BUSY):
        return StoreRefused(f"{file}: another process has been writing for too long; try again, and if it stays so, end that process")
    if _is(name, _SHUT):
        return StoreRefused(f"{file} cannot be written; check the permissions of it and its folder")
    if _is(name, _CLOSED):
        return StoreRefused(f"{file} cannot be opened; check the permissions of it and its folder, and how many files this process may open (ulimit -n)")
    if _is(name, _DAMAGED):
        return StoreRefused(f"{file} is damaged ({cause})", hint=KEPT)
    return StoreRefused(f"{file}: {name or type(cause).__name__}: {cause}", hint="check the disk that holds it")


def _is(name: str, family: set[str]) -> bool:
    """An extended code belongs to the family whose name it begins with."""
    return any(name == one or name.startswith(f"{one}_") for one in family)
