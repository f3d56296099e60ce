"""Secrets at rest: sealed with one data key per journal; the only user of cryptography."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from threading import Lock
from typing import Protocol, cast

from sendoff.errors import ConfigurationError, CredentialNeeded, SendoffError
from sendoff.runtime.key import KEYRING, Key

_VERSION = b"\x01"
_ID, _NONCE = 8, 12


class Vault:
    """Seals and opens byte strings; what is sealed names its key and what it is about.

    keys: where its key may live, the best place first; a new one is made in the first that can be had. earlier: where it may be besides, if it was made
    under another setting; it stays in use as long as anything sealed is left. known: the id of the key that sealed what the journal holds, None when
    nothing was sealed so far; place: where it was put, if that is on record. in_use: whether the journal holds anything sealed; only when it does not,
    another key may take the place of a known one. used: told the id of a key, and its place, before the first value is sealed with it.
    """

    def __init__(
        self, *keys: Key, earlier: Sequence[Key] = (), known: str | None = None, place: str | None = None,
        used: Callable[[str, str], None] = lambda _id, _place: None, in_use: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self._keys, self._everywhere, self._known, self._place, self._used, self._in_use = keys, (*keys, *earlier), known, place, used, in_use
        self._where, self._bytes = cast("Key | None", None), cast("bytes | None", None)
        self._lock = Lock()
        self.closed = False

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
        """Where the key lives, or would live if one were needed now, and what that protects from."""
        where = self._where or self._named() or self._best()
        said = where.describe()
        if where not in self._keys:
            said += f"; from when the setting was another: it is {self._keys[0].place.partition(' ')[0]} when nothing is left that was sealed with it"
        for key in self._keys[: self._keys.index(where)] if where in self._keys else ():
            reason = key.usable()
            said += f"; the key store is not used: {reason}" if reason is not None else ""
        reason = where.usable() if self._where is None else None
        return said + (f"; now it cannot be had: {reason}" if reason is not None else "")

    def openable(self) -> bool:
        """Whether the key that could not be had is there now; nobody is asked for anything."""
        named = self._named()
        if named is None:
            return self._keys[0].place == KEYRING and self._keys[0].usable() is None
        try:
            key = named.load()
        except (ConfigurationError, CredentialNeeded):
            return False
        return key is not None and _id_of(key).hex() == self._known

    def _best(self) -> Key:
        return next((key for key in self._keys if key.usable() is None), self._keys[0])

    def _named(self) -> Key | None:
        """Where the known one was put; before that was on record, into a file."""
        if self._known is None:
            return None
        return next((key for key in self._everywhere if key.place == self._place), self._everywhere[-1])

    def _key(self) -> bytes:
        with self._lock:
            if self._bytes is None:
                self.closed = True
                self._where, self._bytes = self._found()
                self.closed = False
            return self._bytes

    def _found(self) -> tuple[Key, bytes]:
        """The key that sealed what is there; another, or a new one, only where nothing is lost by that."""
        where, key = self._at_hand() or self._looked_for()
        id = _id_of(key).hex()
        if where.lasting and (id, where.place) != (self._known, self._place):
            self._used(id, where.place)
            self._known, self._place = id, where.place
        return where, key

    def _at_hand(self) -> tuple[Key, bytes] | None:
        """The known one, where it was put; no other place is asked then."""
        named = self._named()
        try:
            key = named.load() if named in self._keys else None
        except (ConfigurationError, CredentialNeeded):
            return None
        return (named, key) if named and key and _id_of(key).hex() == self._known else None

    def _looked_for(self) -> tuple[Key, bytes]:
        there, troubles = self._loaded()
        return self._right(there, troubles) or self._made(troubles)

    def _loaded(self) -> tuple[list[tuple[Key, bytes]], dict[Key, SendoffError]]:
        """Each key that is there, and what is wrong with other places."""
        there, troubles = list[tuple[Key, bytes]](), dict[Key, SendoffError]()
        for where in self._everywhere if self._known is not None else self._keys:
            try:
                key = where.load()
            except (ConfigurationError, CredentialNeeded) as cause:
                troubles[where] = cause
            else:
                there += [(where, key)] if key is not None else []
        return there, troubles

    def _right(self, there: Sequence[tuple[Key, bytes]], troubles: Mapping[Key, SendoffError]) -> tuple[Key, bytes] | None:
        """The known one; any other only where nothing is sealed. One that the setting does not name is left when it is not needed any more."""
        right = next((one for one in there if _id_of(one[1]).hex() == self._known), None)
        if right is not None and (right[0] in self._keys or self._in_use()):
            return right
        if right is None and self._known is not None and self._in_use():
            raise self._shut(troubles)
        return next((one for one in there if one[0] in self._keys), None)

    def _shut(self, troubles: Mapping[Key, SendoffError]) -> CredentialNeeded:
        """Why the known one cannot be had."""
        named = self._named()
        return _needed(troubles[named]) if named is not None and named in troubles else self._lost()

    def _made(self, troubles: Mapping[Key, SendoffError]) -> tuple[Key, bytes]:
        """A new one, in the best place that can be had."""
        failed: SendoffError | None = None
        for where in self._keys:
            if where in troubles:
                failed = _needed(troubles[where])
                continue
            try:
                return where, where.make()
            except ConfigurationError as cause:
                failed = cause
        raise failed or self._lost()

    def _lost(self) -> CredentialNeeded:
        named, again = self._named() or self._keys[0], "cancel the operation and put the file again"
        said = f"the key that the secrets were sealed with cannot be had ({named.describe().partition(';')[0]})"
        return CredentialNeeded(said, hint=f"bring the key back, or {again}" if named.lasting else again)


def _needed(cause: SendoffError) -> CredentialNeeded:
    error = CredentialNeeded(cause.message, hint=cause.hint)
    error.__cause__ = cause
    return error


def _id_of(key: bytes) -> bytes:
    return blake2b(key, digest_size=_ID, person=b"sendoff-key").digest()


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


def _cipher(key: bytes) -> _Cipher:
    """The library is imported only when something is sealed or opened."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
