"""Where the receiver keeps bodies."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from urllib.parse import unquote


class Shelf:
    """A folder with a file for each address; nothing half-written is ever visible under its name. Without a folder only digests are made."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._taking = Lock()

    def knows(self, address: str) -> bool:
        """Whether an address lies inside the folder."""
        try:
            self.path(address)
        except ValueError:
            return False
        return True

    def path(self, address: str) -> Path | None:
        """The file of an address; None where nothing is kept. ``ValueError`` for an address that leads outside."""
        if self.folder is None:
            return None
        parts = [unquote(part) for part in address.partition("?")[0].split("/") if part]
        if any(part in (".", "..") or "/" in part or "\0" in part for part in parts):
            raise ValueError(f"{address} leads outside the folder")
        return self.folder.joinpath(*parts or ["index"])

    def begin(self, address: str, number: int) -> Parcel:
        """Somewhere to put a body that is about to come."""
        path = self.path(address)
        if path is None:
            return Parcel()
        path.parent.mkdir(parents=True, exist_ok=True)
        return Parcel(path, path.with_name(f".{number}.part"), self._taking)


class Parcel:
    """A body on its way in."""

    def __init__(self, path: Path | None = None, part: Path | None = None, taking: Lock | None = None) -> None:
        self._path, self._part, self._taking = path, part, taking or Lock()
        self._file: BinaryIO | None = part.open("wb", buffering=0) if part else None
        self._digest = hashlib.sha256()

    def write(self, data: memoryview) -> None:
        """Some more bytes."""
        self._digest.update(data)
        if self._file:
            self._file.write(data)

    @property
    def sha256(self) -> str:
        """Of what came so far, hex."""
        return self._digest.hexdigest()

    def keep(self, *, replace: bool) -> None:
        """It is whole: under its name now; ``replace=False`` takes the next free name (a POST makes a new thing each time)."""
        if self._file is None or self._path is None or self._part is None:
            return
        self._file.close()
        with self._taking:  # or two that end at once would find the same name free
            path, count = self._path, 1
            while not replace and path.exists():
                count += 1
                path = self._path.with_name(f"{self._path.name}~{count}")
            os.replace(self._part, path)
        self._file = None

    def drop(self) -> None:
        """It broke off, or was kept already: nothing stays behind."""
        if self._file is not None and self._part is not None:
            self._file.close()
            self._part.unlink(missing_ok=True)
            self._file = None
