"""Standard input, kept safe before its upload gets an id."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sendoff.errors import JournalFull, SendoffError

if TYPE_CHECKING:
    from sendoff.desk.place import Place

BLOCK = 1 << 20
_FULL = frozenset({"ENOSPC", "EDQUOT"})


@contextmanager
def spooled(place: Place, descriptor: int = 0) -> Iterator[str]:
    """Copies all of a stream to disk and gives the copy's name in ``spool/incoming``.

    The copy is locked until the block ends: whoever tidies up takes an unlocked one for a dead client's. It is removed when the block fails.
    """
    from uuid import uuid4

    place.prepare()
    folder = _folder(place.state)
    path, file = "", -1
    while not path or not os.path.exists(path):  # a host that starts between open and lock takes it for a dead client's
        path = os.path.join(folder, str(uuid4()))
        file = _locked(path)
    try:
        _copy(descriptor, file)
        os.fsync(file)
        _sync_folder(folder)
        yield os.path.basename(path)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(path)
        raise
    finally:
        os.close(file)


def _locked(path: str) -> int:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _folder(state: str) -> str:
    spool = os.path.join(state, "spool")
    folder = os.path.join(spool, "incoming")
    for path in (spool, folder):
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
            _sync_folder(os.path.dirname(path))
    return folder


def _copy(descriptor: int, file: int) -> None:
    try:
        while block := os.read(descriptor, BLOCK):
            _write(file, block)
    except OSError as cause:
        from errno import errorcode

        if errorcode.get(cause.errno or 0) in _FULL:
            raise JournalFull("there is no space left to keep standard input; nothing was stored") from cause
        raise SendoffError(f"standard input cannot be kept: {cause.strerror}") from cause


def _write(file: int, block: bytes) -> None:
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(file, rest) :]


def _sync_folder(path: str) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
