"""What the targets hold: a folder with a file for each address; nothing half-written is ever visible in it."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote

HIDDEN = ".uploads"


class Taken(Exception):
    """Something is there already, or a folder stands in the way."""


class Shelf:
    """Files by address, below a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._publishing = Lock()

    def path(self, address: str) -> Path:
        """The file of an address; ``ValueError`` for the root and for what leads outside or to the uploads."""
        parts = [unquote(part) for part in address.partition("?")[0].split("/") if part]
        if not parts or parts[0] == HIDDEN or any(part in (".", "..") or "/" in part or "\0" in part for part in parts):
            raise ValueError(f"{address} is no place for a file")
        return self.folder.joinpath(*parts)

    def address(self, path: Path) -> str:
        """The address of a file."""
        return "/" + quote(str(path.relative_to(self.folder)))

    def publish(self, whole: Path, address: str, *, replace: bool, rename: bool) -> tuple[Path, bool]:
        """Moves a whole file to its address: where it is then, and whether that is new.

        replace: what is there goes; else, with rename, the next free name is taken; else ``Taken``.
        """
        path = self.path(address)
        with self._publishing:
            if path.is_dir():
                raise Taken(f"{address} is a folder")
            there = path.exists()
            if there and not (replace or rename):
                raise Taken(f"{address} is there already")
            path = self._free(path) if there and not replace else path
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.replace(whole, path)
            except (FileExistsError, NotADirectoryError) as cause:
                raise Taken(f"a file stands in the way to {address}") from cause
            return path, path.name != self.path(address).name or not there

    @staticmethod
    def _free(path: Path) -> Path:
        found, count = path, 1
        while found.exists():
            count += 1
            found = path.with_name(f"{path.name}~{count}")
        return found
