"""Files that appear whole or not at all, and stay."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def publish(draft: Path, path: Path) -> None:
    """Under its name complete or not at all; whoever was first has made the journal."""
    try:
        os.link(draft, path)
    except FileExistsError:
        return


def remove(draft: Path) -> None:
    """A draft and whatever SQLite has laid beside it."""
    for rest in draft.parent.glob(f"{draft.name}*"):
        rest.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
