"""A file that its owner alone may read, and that is rewritten whole."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sendoff import CredentialNeeded, InvalidArgument

LARGEST = 2**20


def private_text(path: Path) -> str:
    """What it holds. The checks look at the very file that is read, not at its name. Errors: ``CredentialNeeded``, ``OSError``, ``UnicodeDecodeError``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check_private(path, os.fstat(descriptor))
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(LARGEST + 1)
    finally:
        os.close(descriptor)
    if len(data) > LARGEST:
        raise CredentialNeeded(f"the credentials file {path} is larger than 1 MiB")
    return data.decode("utf-8")


def rewritten(path: Path, changed: Callable[[str], str]) -> None:
    """Write what ``changed`` makes of what it holds, nothing where there is none; on disk before this returns, and nobody sees half of it.

    One writer at a time: a draft that is found is that of one that died. Errors: those of ``private_text``, ``InvalidArgument``.
    """
    path = Path(os.path.realpath(path))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    with _locked(path.parent) as folder:
        data = changed(_present_text(path)).encode("utf-8")
        if len(data) > LARGEST:
            raise InvalidArgument("it would become larger than 1 MiB, which is more than is read")
        try:
            _write(draft, data)
            os.replace(draft, path)
            os.fsync(folder)
        finally:
            with suppress(FileNotFoundError):
                draft.unlink()


def _present_text(path: Path) -> str:
    try:
        return private_text(path)
    except FileNotFoundError:
        return ""


@contextmanager
def _locked(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _write(draft: Path, data: bytes) -> None:
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _check_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise CredentialNeeded(f"the credentials file {path} is not a regular file")
    if found.st_uid != os.geteuid():
        raise CredentialNeeded(f"the credentials file {path} belongs to user {found.st_uid}, not to user {os.geteuid()}", hint="use a file of your own")
    if found.st_mode & 0o077:
        hint = f"chmod 600 '{path}'"
        raise CredentialNeeded(f"others may read or write the credentials file {path} (mode {stat.S_IMODE(found.st_mode):04o})", hint=hint)
