"""The data key of a journal in a private file."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

from sendoff.desk.folder import sync
from sendoff.errors import ConfigurationError

_LARGEST = 4096  # bytes; a key is 64 digits


class KeyFile:
    """A private file: ``$CREDENTIALS_DIRECTORY/sendoff-key``, else ``SENDOFF_KEY_FILE``, else one made in the configuration folder.

    given: somebody else makes it. forbidden: permissions it must not have.
    """

    lasting = True

    def __init__(self, path: Path, *, given: bool, forbidden: int = 0o077) -> None:
        self._path, self._given, self._forbidden = path, given, forbidden
        self.place = f"sealed-file {path}"

    def usable(self) -> str | None:
        """What is wrong with it is found when it is read."""
        return None

    def load(self) -> bytes | None:
        """The key; ``ConfigurationError`` when the file is not one or others can read it."""
        try:
            with open(self._path, "rb", opener=_opened) as file:
                found, text = os.fstat(file.fileno()), file.read(_LARGEST)
        except FileNotFoundError:
            return None
        except OSError as cause:
            raise ConfigurationError(f"the key file {self._path} cannot be read: {cause.strerror}") from cause
        if not S_ISREG(found.st_mode):
            raise ConfigurationError(f"{self._path} is not a key file: it is no regular file")
        if found.st_mode & self._forbidden:
            raise ConfigurationError(f"the key file {self._path} can be read by others", hint=f"chmod 600 {self._path}")
        if not self._given and found.st_uid != os.geteuid():
            raise ConfigurationError(f"the key file {self._path} belongs to somebody else", hint="see how it came there")
        return self._understood(text)

    def _understood(self, text: bytes) -> bytes:
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ConfigurationError(f"{self._path} is not a key file: it must hold 64 hexadecimal digits", hint="make one: openssl rand -hex 32")
        return key

    def make(self) -> bytes:
        """A new key in a file only its owner can read, on disk before this returns."""
        if self._given:
            raise ConfigurationError(f"there is no key file {self._path}", hint="make one with 64 hexadecimal digits: openssl rand -hex 32")
        try:
            return self._made()
        except OSError as cause:
            raise ConfigurationError(
                f"the key that secrets are sealed with cannot be kept in {self._path.parent}: {cause.strerror}",
                hint="name a key file with SENDOFF_KEY_FILE, or keep the key in memory: SENDOFF_SECRETS__SEAL=memory",
            ) from cause

    def _made(self) -> bytes:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = os.urandom(32)
        draft = self._path.with_name(f".{self._path.name}.{os.urandom(6).hex()}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, key.hex().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        return self._published(draft) or key

    def _published(self, draft: Path) -> bytes | None:
        """Put a whole file under its name; the key of another process that was faster, if there is one."""
        try:
            os.link(draft, self._path)
        except FileExistsError:
            return self.load()
        finally:
            draft.unlink()
        sync(self._path.parent)
        return None

    def discard(self) -> str | None:
        """Remove the file that was made for one journal, and its folder when it was the last; one that was given stays."""
        if self._given:
            return f"the key in {self._path} was given to sendoff and stays"
        try:
            self._path.unlink()
        except FileNotFoundError:
            return None
        with suppress(OSError):  # there are others
            self._path.parent.rmdir()
        return f"the key in {self._path} is gone: what was sealed with it cannot be opened any more, in a copy of the journal either"

    def describe(self) -> str:
        """Where it lives and what that protects from."""
        return f"sealed-file: the key is in {self._path}; a copy of the state folder alone tells nothing, one of both folders does"


def _opened(path: str, flags: int) -> int:
    """Without waiting for whoever would write into a pipe."""
    return os.open(path, flags | os.O_CLOEXEC | os.O_NONBLOCK)
