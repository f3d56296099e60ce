"""Secrets at rest: sealed with one data key per journal; the only user of cryptography."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from sendoff.errors import ConfigurationError, CredentialNeeded

_VERSION = b"\x01"
_ID, _NONCE = 8, 12


class Key(Protocol):
    """Where the data key lives."""

    def load(self) -> bytes | None:
        """The key, 32 bytes; None when there is none yet."""
        ...

    def make(self) -> bytes:
        """A new key, kept before this returns."""
        ...

    def describe(self) -> str:
        """Where it lives and what that protects from, one sentence."""
        ...


class KeyFile:
    """A private file: ``$CREDENTIALS_DIRECTORY/sendoff-key``, else ``SENDOFF_KEY_FILE``, else one made in the configuration folder."""

    def __init__(self, path: Path, *, given: bool) -> None:
        self._path, self._given = path, given

    def load(self) -> bytes | None:
        """The key; ``ConfigurationError`` when the file is not one or others can read it."""
        try:
            found = self._path.stat()
            text = self._path.read_text().strip()
        except FileNotFoundError:
            return None
        except OSError as cause:
            raise ConfigurationError(f"the key file {self._path} cannot be read: {cause.strerror}") from cause
        if found.st_mode & 0o077 and not self._given:
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
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = os.urandom(32)
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(handle, key.hex().encode() + b"\n")
            os.fsync(handle)
        finally:
            os.close(handle)
        return key

    def describe(self) -> str:
        """Where it lives and what that protects from."""
        return f"sealed-file: the key is in {self._path}; a copy of the state folder alone tells nothing, one of both folders does"


class MemoryKey:
    """Nowhere: after the process's death sealed secrets are gone and must be given again."""

    def __init__(self) -> None:
        self._key: bytes | None = None

    def load(self) -> bytes | None:
        """The key made in this process."""
        return self._key

    def make(self) -> bytes:
        """A new key, in memory only."""
        self._key = os.urandom(32)
        return self._key

    def describe(self) -> str:
        """What that protects from."""
        return "memory: the key is nowhere on disk; after the host's death operations with secrets wait for them to be given again"


class Vault:
    """Seals and opens byte strings; what is sealed names its key and what it is about.

    known: the id of the key the journal's sealed values were made with, None when there are none; then a new key may be
    made. used: told the id of a key before the first value is sealed with it.
    """

    def __init__(self, key: Key, known: str | None = None, *, used: Callable[[str], None] = lambda _: None) -> None:
        self._where, self._known, self._used = key, known, used
        self._bytes: bytes | None = None

    def seal(self, plain: bytes, about: str) -> bytes:
        """Sealed bytes that only ``open`` with the same ``about`` gives back. ``CredentialNeeded`` when the key cannot be had."""
        key, nonce = self._key(), os.urandom(_NONCE)
        head = _VERSION + self._id() + nonce
        return head + _cipher(key).encrypt(nonce, plain, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """What was sealed; ``CredentialNeeded`` when its key cannot be had or the bytes were touched."""
        from cryptography.exceptions import InvalidTag

        start = len(_VERSION) + _ID
        key, nonce = self._key(), sealed[start : start + _NONCE]
        if sealed[len(_VERSION) : start] != self._id():
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
        if self._bytes is None:
            found = self._where.load()
            if found is None and self._known is not None:
                raise self._lost()
            self._bytes = found or self._where.make()
            if self._known is not None and self._id().hex() != self._known:
                self._bytes = None
                raise self._lost()
            if self._known is None:
                self._known = self._id().hex()
                self._used(self._known)
        return self._bytes

    def _id(self) -> bytes:
        assert self._bytes is not None
        return blake2b(self._bytes, digest_size=_ID, person=b"sendoff-key").digest()

    def _lost(self) -> CredentialNeeded:
        return CredentialNeeded(
            f"the key that the secrets were sealed with cannot be had ({self._where.describe().partition(';')[0]})",
            hint="bring the key back, or cancel the operation and put the file again",
        )


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
        return KeyFile(Path(handed) / "sendoff-key", given=True)
    if environment.get("SENDOFF_KEY_FILE"):
        return KeyFile(Path(environment["SENDOFF_KEY_FILE"]), given=True)
    return KeyFile(folder / "keys" / f"{journal}.key", given=False)
