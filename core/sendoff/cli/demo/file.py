"""The file that ``sendoff demo`` sends: the user's, which is only read, or one made on the spot."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass

from sendoff.errors import InvalidArgument, SourceMissing, SourceUnreadable, SourceUnsuitable

MIB = 2**20
SIZE = 256 * MIB
SMALLEST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFile:
    """name: as it is typed, in ``folder``. size: bytes. made: it is ours."""

    name: str
    folder: str
    size: int
    made: bool

    @property
    def path(self) -> str:
        """Where it is."""
        return os.path.join(self.folder, self.name)


def given(name: str) -> DemoFile:
    """The user's file, looked at; refused where it cannot be sent or has no middle."""
    try:
        found = os.stat(name)
    except OSError as cause:
        raise SourceMissing(f"{name}: {cause.strerror}") from cause
    if not stat.S_ISREG(found.st_mode):
        raise SourceUnsuitable(f"{name} is not a regular file")
    if not os.access(name, os.R_OK):
        raise SourceUnreadable(f"{name} cannot be read")
    if found.st_size < SMALLEST:
        hint = f"give a file of at least {SMALLEST} bytes, or none: then one is made"
        raise InvalidArgument(f"{name} is too small to be interrupted in the middle", hint=hint)
    typed = os.path.join(os.curdir, name) if name.startswith("-") else name
    return DemoFile(name=typed, folder=os.getcwd(), size=found.st_size, made=False)


def to_be_made(folder: str) -> DemoFile:
    """The one that ``make`` writes."""
    return DemoFile(name="big.bin", folder=folder, size=SIZE, made=True)


def make(file: DemoFile) -> None:
    """Write it: a random block again and again, each with its number, so that no part is like another."""
    block = os.urandom(MIB - 8)
    with open(file.path, "wb") as writing:
        for number in range(file.size // MIB):
            writing.write(number.to_bytes(8, "big") + block)


def sha256(path: str) -> str:
    """Of a file, in hex."""
    with open(path, "rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()
