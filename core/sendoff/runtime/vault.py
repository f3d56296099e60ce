"""Secrets at rest: sealed with one data key per journal; the only user of cryptography."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Protocol

from sendoff.errors import ConfigurationError, CredentialNeeded

_VERSION = b"\x01"
_ID, _NONCE = 8, 12


class Key(Protocol):
    """Where the data key lives. lasting: it may come back after it could not be had."""

    lasting: bool

    def load(self) -> bytes | None:
        """The key, 32 bytes; None when there is none yet."""
        ...

    def make(self) -> bytes:
        """A new key, kept before this returns."""
        ...

    def describe(self) -> str:
        """Where it lives and what that protects from, one sentence."""
        ...

    def discard(self) -> str | None:
        """Remove it with the journal that has it, unless somebody else gave it; what became of it, None where there was none."""
        ...


class KeyFile:
    """A private file: ``$CREDENTIALS_DIRECTORY/sendoff-key``, else ``SENDOFF_KEY_FILE``, else one made in the configuration folder.

    given: somebody else makes it. forbidden: permissions it must not have.
    """

    lasting = True

    def __init__(self, path: Path, *, given: bool, forbidden: int = 0o077) -> None:
        self._path, self._given, self._forbidden = path, given, forbidden

    def load(self) -> bytes | None:
        """The key; ``ConfigurationError`` when the file is not one or others can read it."""
        try:
            found = self._path.stat()
            text = self._path.read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as cause:
            raise ConfigurationError(f"the key file {self._path} cannot be read: {cause.strerror}") from cause
        if found.st_mode & self._forbidden:
            raise ConfigurationError(f"the key file {self._path} can be read by others", hint=f"chmod 600 {self._path}")
        try:
            key = bytes.fromhex(text)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ConfigurationError(f"{self._path} is not a key file: it must hold 64 hexadecimal digits")
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
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
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


class MemoryKey:
    """Nowhere: after the process's death sealed secrets are gone and must be given again."""

    lasting = False

    def __init__(self) -> None:
        self._key: bytes | None = None

    def load(self) -> bytes | None:
        """The key made in this process."""
        return self._key

    def make(self) -> bytes:
        """A new key, in memory only."""
        self._key = os.urandom(32)
        return self._key

    def discard(self) -> str | None:
        """It went with the process."""
        return None

    def describe(self) -> str:
        """What that protects from."""
        return "memory: the key is nowhere on disk; after the host's death operations with secrets wait for them to be given again"


class Vault:
    """Seals and opens byte strings; what is sealed names its key and what it is about.

    known: the id of the key that sealed what the journal holds, None when nothing was sealed so far. in_use: whether the journal holds
    anything sealed; only when it does not, another key may take the place of a known one. used: told the id of a key before the first
    value is sealed with it.
    """

    def __init__(self, key: Key, known: str | None = None, *, used: Callable[[str], None] = lambda _: None, in_use: Callable[[], bool] = lambda: True) -> None:
        self._where, self._known, self._used, self._in_use = key, known, used, in_use
        self._bytes: bytes | None = None
        self._lock = Lock()

    def seal(self, plain: bytes, about: str) -> bytes:
        """Sealed bytes that only ``open`` with the same ``about`` gives back. ``CredentialNeeded`` when the key cannot be had."""
        key, nonce = self._key(), os.urandom(_NONCE)
        head = _VERSION + _id_of(key) + nonce
        return head + _cipher(key).encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed; ``CredentialNeeded`` when its key cannot be had or the bytes were touched."""
        from cryptography.exceptions import InvalidTag

        start = len(_VERSION) + _ID
        key, nonce = self._key(), sealed[start : start + _NONCE]
        if sealed[len(_VERSION) : start] != _id_of(key):
            raise self._lost()
        try:
            return _cipher(key).decrypt(nonce, sealed[start + _NONCE :], about.encode())
        except InvalidTag as cause:
            raise CredentialNeeded(f"the sealed secrets of {about} were damaged", hint="put the file again") from cause

    def fingerprint(self, plain: bytes) -> str:
        """A name for a content that tells nothing of it without the key."""
        return blake2b(plain, key=self._key(), digest_size=16).hexdigest()

    def describe(self) -> str:
        """Where the key lives and what that protects from."""
        return self._where.describe()

    def _key(self) -> bytes:
        with self._lock:
            if self._bytes is None:
                self._bytes = self._found()
            return self._bytes

    def _found(self) -> bytes:
        """The key that sealed what is there; another, or a new one, only where nothing is lost by that."""
        try:
            found = self._where.load()
        except ConfigurationError as cause:
            raise CredentialNeeded(cause.message, hint=cause.hint) from cause
        if not self._where.lasting:
            return found or self._where.make()
        strange = self._known is not None and (found is None or _id_of(found).hex() != self._known)
        if strange and self._in_use():
            raise self._lost()
        key = found or self._where.make()
        if _id_of(key).hex() != self._known:
            self._known = _id_of(key).hex()
            self._used(self._known)
        return key

    def _lost(self) -> CredentialNeeded:
        return CredentialNeeded(
            f"the key that the secrets were sealed with cannot be had ({self._where.describe().partition(';')[0]})",
            hint="cancel the operation and put the file again, or bring the key back",
        )


def _id_of(key: bytes) -> bytes:
    return blake2b(key, digest_size=_ID, person=b"sendoff-key").digest()


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


def _cipher(key: bytes) -> _Cipher:
    """The library is imported only when something is sealed or opened."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def key_for(seal: str, *, environment: Mapping[str, str], folder: Path, journal: str) -> Key:
    """The key's place that a ``seal`` setting names. folder: the configuration folder. journal: its id, one key each."""
    if seal == "memory":
        return MemoryKey()
    handed = environment.get("CREDENTIALS_DIRECTORY")
    if handed and (Path(handed) / "sendoff-key").exists():
        return KeyFile(Path(handed) / "sendoff-key", given=True, forbidden=0)  # who reads it is the service manager's to say
    if environment.get("SENDOFF_KEY_FILE"):
        return KeyFile(Path(environment["SENDOFF_KEY_FILE"]), given=True, forbidden=0o007)
    return KeyFile(folder / "keys" / f"{journal}.key", given=False)
