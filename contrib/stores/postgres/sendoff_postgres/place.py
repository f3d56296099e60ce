"""Whose machine this is, and which journal belongs to a folder."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from sendoff import StoreRefused

MACHINE_FILES = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
MARK = "journal.id"


def machine_id(files: Sequence[Path] = MACHINE_FILES) -> str:
    """What tells this machine from others (machine-id(5)); empty when the machine does not say."""
    for file in files:
        try:
            found = file.read_text(encoding="ascii", errors="replace").strip()
        except OSError:
            continue
        if re.fullmatch(r"[0-9a-f]{32}", found):
            return found
    return ""


def own_schema(folder: Path, machine: str) -> str:
    """The name of the schema that a state folder of this machine has for itself; its first part is for people."""
    place = folder.resolve()
    known = re.sub(r"[^a-z0-9]+", "_", place.name.lower())[:32].strip("_")
    return f"sendoff_{known}_{sha256(f'{machine} {place}'.encode(errors='surrogateescape')).hexdigest()[:12]}"


def marked(folder: Path) -> tuple[str, str]:
    """Which journal belongs to the folder, and its schema; both empty when nothing says so."""
    try:
        journal, _, schema = (folder / MARK).read_text(encoding="utf-8", errors="replace").strip().partition("\n")
        return journal, schema
    except FileNotFoundError:
        return "", ""
    except OSError as cause:
        raise StoreRefused(f"{folder / MARK} cannot be read: {cause.strerror}") from cause


def mark(folder: Path, journal: str, schema: str) -> None:
    """Remember in the folder which journal belongs to it and where it lies, so that one that vanished is missed instead of silently begun anew."""
    draft = folder / f"journal.{uuid.uuid4().hex}.new"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{journal}\n{schema}\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / MARK)
        _sync(folder)
    except OSError as cause:
        raise StoreRefused(f"{folder / MARK} cannot be written: {cause.strerror}", hint="name a folder of yours with --state-dir") from cause


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
